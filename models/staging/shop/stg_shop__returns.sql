-- The line that came back tells the product and the customer; fct_returns looks them up.
select
    'shop' as source,
    nullif(return_id, '') as return_id,
    nullif(order_item_id, '') as order_item_id,
    cast(null as text) as product_id,
    cast(null as text) as customer_id,
    {{ cleaned('reason', 'lower') }} as reason,
    {{ cleaned('currency', 'upper') }} as currency,
    {{ safe_cast('quantity', 'bigint') }} as quantity,
    {{ safe_cast('refund_amount', 'numeric') }} as refund_amount,
    {{ safe_cast('returned_at', 'timestamptz') }} as returned_at,
    {{ uncastable({
        'quantity': 'bigint',
        'refund_amount': 'numeric',
        'returned_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('returns') }} as record
from {{ source('shop', 'returns') }} as returns
