{{ config(
    unique_key="bid_id",
    indexes=[
        {"columns": ["product_id", "bid_at"]},
        {"columns": ["customer_id", "bid_at"]},
        {"columns": ["bid_date"]},
    ],
) }}

{%- set judged = where_changed("bid_id", {"bids": "bid_id"}) %}

with

bids as (

    select found.*
    {%- if is_incremental() %}
    from (
        select bid_id
        from {{ ref("bids") }}
        {{ judged }}

        union

        {{ repointed(["bid_id"], {
            "dim_customers": ["customer_id", "bid_at"],
            "dim_products": ["product_id", "bid_at"],
        }) }}
    ) as changed
    cross join {{ looked_up(ref("bids"), "bid_id = changed.bid_id") }} as found
    {%- else %}
    from {{ ref("bids") }} as found
    {%- endif %}

),

final as (

    select
        bids.bid_id,
        bids.source,
        bids.product_id,
        dim_products.valid_from as product_valid_from,
        bids.customer_id,
        dim_customers.valid_from as customer_valid_from,
        bids.status,
        bids.list_price,
        bids.amount,
        bids.currency,
        bids.bid_at,
        cast(bids.bid_at at time zone 'UTC' as date) as bid_date
    from bids
    {{ join_version("dim_customers", "customer_id", "bids.customer_id", "bids.bid_at") }}
    {{ join_version("dim_products", "product_id", "bids.product_id", "bids.bid_at") }}

)

select * from final
