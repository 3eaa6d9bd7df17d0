{{ config(
    unique_key="bid_id",
    indexes=[
        {"columns": ["product_id"]},
        {"columns": ["customer_id"]},
    ],
) }}

with

bids as (

    select *
    from {{ ref("valid_bids") }}
    {{ where_changed("bid_id", {"bids": "bid_id"}) }}

),

final as (

    select
        bid_id,
        source,
        product_id,
        customer_id,
        status,
        currency,
        list_price,
        amount,
        bid_at
    from bids

)

select * from final
