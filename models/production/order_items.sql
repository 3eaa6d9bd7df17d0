{{ config(
    unique_key="order_item_id",
    indexes=[
        {"columns": ["order_id"]},
        {"columns": ["product_id"]},
    ],
) }}

with

order_items as (

    select *
    from {{ ref("valid_order_items") }}
    {{ where_changed("order_item_id", {"order_items": "order_item_id"}) }}

),

final as (

    select
        order_item_id,
        source,
        order_id,
        product_id,
        line_number,
        quantity,
        unit_price,
        discount_amount,
        line_total
    from order_items

)

select * from final
