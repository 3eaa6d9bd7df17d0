select
    'shop' as source,
    nullif(bid_id, '') as bid_id,
    nullif(product_id, '') as product_id,
    nullif(customer_id, '') as customer_id,
    {{ cleaned('status', 'lower') }} as status,
    {{ cleaned('currency', 'upper') }} as currency,
    {{ safe_cast('list_price', 'numeric') }} as list_price,
    {{ safe_cast('amount', 'numeric') }} as amount,
    {{ safe_cast('bid_at', 'timestamptz') }} as bid_at,
    {{ uncastable({
        'list_price': 'numeric',
        'amount': 'numeric',
        'bid_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('bids') }} as record
from {{ source('shop', 'bids') }} as bids
