select
    'shop' as source,
    nullif(order_items.order_item_id, '') as order_item_id,
    nullif(order_items.order_id, '') as order_id,
    nullif(order_items.product_id, '') as product_id,
    typed.unit_price,
    typed.discount_amount,
    typed.line_total,
    typed.line_number,
    typed.quantity,
    typed.uncastable,
    order_items._load_id as load_id,
    order_items._row_id as row_id,
    {{ delivered_record('order_items') }} as record
from {{ source('shop', 'order_items') }} as order_items
cross join {{ typed_columns('order_items', {
    'line_number': 'bigint',
    'quantity': 'bigint',
    'unit_price': 'numeric',
    'discount_amount': 'numeric',
    'line_total': 'numeric',
}) }} as typed
