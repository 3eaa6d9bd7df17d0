select
    'shop' as source,
    nullif(order_item_id, '') as order_item_id,
    nullif(order_id, '') as order_id,
    nullif(product_id, '') as product_id,
    {{ safe_cast('unit_price', 'numeric') }} as unit_price,
    {{ safe_cast('discount_amount', 'numeric') }} as discount_amount,
    {{ safe_cast('line_total', 'numeric') }} as line_total,
    {{ safe_cast('line_number', 'bigint') }} as line_number,
    {{ safe_cast('quantity', 'bigint') }} as quantity,
    {{ uncastable({
        'line_number': 'bigint',
        'quantity': 'bigint',
        'unit_price': 'numeric',
        'discount_amount': 'numeric',
        'line_total': 'numeric',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('order_items') }} as record
from {{ source('shop', 'order_items') }} as order_items
