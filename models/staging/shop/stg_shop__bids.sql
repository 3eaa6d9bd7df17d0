select
    'shop' as source,
    nullif(bids.bid_id, '') as bid_id,
    nullif(bids.product_id, '') as product_id,
    nullif(bids.customer_id, '') as customer_id,
    {{ cleaned('bids.status', 'lower') }} as status,
    {{ cleaned('bids.currency', 'upper') }} as currency,
    typed.list_price,
    typed.amount,
    typed.bid_at,
    typed.uncastable,
    bids._load_id as load_id,
    bids._row_id as row_id,
    {{ delivered_record('bids') }} as record
from {{ source('shop', 'bids') }} as bids
cross join {{ typed_columns('bids', {
    'list_price': 'numeric',
    'amount': 'numeric',
    'bid_at': 'timestamptz',
}) }} as typed
