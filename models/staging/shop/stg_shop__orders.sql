select
    'shop' as source,
    nullif(order_id, '') as order_id,
    nullif(customer_id, '') as customer_id,
    {{ cleaned('status', 'lower') }} as status,
    {{ cleaned('currency', 'upper') }} as currency,
    {{ cleaned('op', 'upper') }} as op,
    {{ safe_cast('subtotal', 'numeric') }} as subtotal,
    {{ safe_cast('discount', 'numeric') }} as discount_amount,
    {{ safe_cast('tax', 'numeric') }} as tax_amount,
    {{ safe_cast('shipping_fee', 'numeric') }} as shipping_fee,
    {{ safe_cast('total', 'numeric') }} as total,
    {{ safe_cast('ordered_at', 'timestamptz') }} as ordered_at,
    {{ safe_cast('updated_at', 'timestamptz') }} as updated_at,
    {{ uncastable(
        {
            'subtotal': 'numeric',
            'discount_amount': 'numeric',
            'tax_amount': 'numeric',
            'shipping_fee': 'numeric',
            'total': 'numeric',
            'ordered_at': 'timestamptz',
            'updated_at': 'timestamptz',
        },
        {'discount_amount': 'discount', 'tax_amount': 'tax'}
    ) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('orders') }} as record
from {{ source('shop', 'orders') }} as orders
