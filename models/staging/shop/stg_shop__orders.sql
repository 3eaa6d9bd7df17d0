select
    'shop' as source,
    nullif(orders.order_id, '') as order_id,
    nullif(orders.customer_id, '') as customer_id,
    {{ cleaned('orders.status', 'lower') }} as status,
    {{ cleaned('orders.currency', 'upper') }} as currency,
    {{ cleaned('orders.op', 'upper') }} as op,
    typed.subtotal,
    typed.discount_amount,
    typed.tax_amount,
    typed.shipping_fee,
    typed.total,
    typed.ordered_at,
    typed.updated_at,
    typed.uncastable,
    orders._load_id as load_id,
    orders._row_id as row_id,
    {{ delivered_record('orders') }} as record
from {{ source('shop', 'orders') }} as orders
cross join {{ typed_columns('orders', {
    'subtotal': 'numeric',
    'discount_amount': 'numeric',
    'tax_amount': 'numeric',
    'shipping_fee': 'numeric',
    'total': 'numeric',
    'ordered_at': 'timestamptz',
    'updated_at': 'timestamptz',
}, texts={'discount_amount': 'discount', 'tax_amount': 'tax'}) }} as typed
