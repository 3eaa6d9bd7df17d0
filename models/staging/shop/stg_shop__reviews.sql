select
    'shop' as source,
    nullif(reviews.review_id, '') as review_id,
    nullif(reviews.order_id, '') as order_id,
    nullif(reviews.product_id, '') as product_id,
    nullif(reviews.customer_id, '') as customer_id,
    {{ cleaned('reviews.title') }} as title,
    {{ cleaned('reviews.body') }} as body,
    typed.rating,
    typed.created_at,
    typed.uncastable,
    reviews._load_id as load_id,
    reviews._row_id as row_id,
    {{ delivered_record('reviews') }} as record
from {{ source('shop', 'reviews') }} as reviews
cross join {{ typed_columns('reviews', {
    'rating': 'bigint',
    'created_at': 'timestamptz',
}) }} as typed
