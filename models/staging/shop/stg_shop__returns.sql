-- The line that came back tells the product and the customer; fct_returns looks them up.
select
    'shop' as source,
    nullif(returns.return_id, '') as return_id,
    nullif(returns.order_item_id, '') as order_item_id,
    cast(null as text) as product_id,
    cast(null as text) as customer_id,
    {{ cleaned('returns.reason', 'lower') }} as reason,
    {{ cleaned('returns.currency', 'upper') }} as currency,
    typed.quantity,
    typed.refund_amount,
    typed.returned_at,
    typed.uncastable,
    returns._load_id as load_id,
    returns._row_id as row_id,
    {{ delivered_record('returns') }} as record
from {{ source('shop', 'returns') }} as returns
cross join {{ typed_columns('returns', {
    'quantity': 'bigint',
    'refund_amount': 'numeric',
    'returned_at': 'timestamptz',
}) }} as typed
