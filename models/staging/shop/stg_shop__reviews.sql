select
    'shop' as source,
    nullif(review_id, '') as review_id,
    nullif(order_id, '') as order_id,
    nullif(product_id, '') as product_id,
    nullif(customer_id, '') as customer_id,
    {{ cleaned('title') }} as title,
    {{ cleaned('body') }} as body,
    {{ safe_cast('rating', 'bigint') }} as rating,
    {{ safe_cast('created_at', 'timestamptz') }} as created_at,
    {{ uncastable({
        'rating': 'bigint',
        'created_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('reviews') }} as record
from {{ source('shop', 'reviews') }} as reviews
