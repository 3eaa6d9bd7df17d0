{{ config(
    unique_key="review_id",
    indexes=[
        {"columns": ["product_id", "created_at"]},
        {"columns": ["customer_id", "created_at"]},
        {"columns": ["review_date"]},
    ],
) }}

{%- set judged = where_changed("review_id", {"reviews": "review_id"}) %}

with

reviews as (

    select
        found.*,
        coalesce(found.customer_id, {{ unknown_key() }}) as known_customer_id
    {%- if is_incremental() %}
    from (
        select review_id
        from {{ ref("reviews") }}
        {{ judged }}

        union

        {{ repointed(["review_id"], {
            "dim_customers": ["customer_id", "created_at"],
            "dim_products": ["product_id", "created_at"],
        }) }}
    ) as changed
    cross join {{ looked_up(ref("reviews"), "review_id = changed.review_id") }} as found
    {%- else %}
    from {{ ref("reviews") }} as found
    {%- endif %}

),

final as (

    select
        reviews.review_id,
        reviews.source,
        reviews.order_id,
        reviews.product_id,
        dim_products.valid_from as product_valid_from,
        reviews.known_customer_id as customer_id,
        dim_customers.valid_from as customer_valid_from,
        reviews.rating,
        reviews.title,
        reviews.body,
        reviews.created_at,
        cast(reviews.created_at at time zone 'UTC' as date) as review_date
    from reviews
    {{ join_version(
        "dim_customers", "customer_id", "reviews.known_customer_id", "reviews.created_at"
    ) }}
    {{ join_version("dim_products", "product_id", "reviews.product_id", "reviews.created_at") }}

)

select * from final
