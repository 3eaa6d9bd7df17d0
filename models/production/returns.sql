{{ config(
    unique_key="return_id",
    indexes=[
        {"columns": ["product_id"]},
        {"columns": ["order_item_id"]},
    ],
) }}

with

returns as (

    select *
    from {{ ref("valid_returns") }}
    {{ where_changed("return_id", {"returns": "return_id"}) }}

),

final as (

    select
        return_id,
        source,
        order_item_id,
        product_id,
        customer_id,
        currency,
        reason,
        quantity,
        refund_amount,
        returned_at
    from returns

)

select * from final
