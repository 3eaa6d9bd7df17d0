{{ config(
    unique_key="review_id",
    indexes=[
        {"columns": ["product_id"]},
        {"columns": ["customer_id"]},
        {"columns": ["order_id"]},
    ],
) }}

with

reviews as (

    select *
    from {{ ref("valid_reviews") }}
    {{ where_changed("review_id", {"reviews": "review_id"}) }}

),

final as (

    select
        review_id,
        source,
        order_id,
        product_id,
        customer_id,
        rating,
        title,
        body,
        created_at
    from reviews

)

select * from final
