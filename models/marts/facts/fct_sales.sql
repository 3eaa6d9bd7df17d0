{{ config(
    unique_key="order_item_id",
    indexes=[
        {"columns": ["order_id"]},
        {"columns": ["order_date", "product_id"]},
        {"columns": ["product_id"]},
        {"columns": ["customer_id"]},
    ],
) }}

with

order_items as (

    select *
    from {{ ref("order_items") }}
    {{ where_changed("order_id", {"orders": "order_id", "order_items": "order_id"}) }}

),

orders as (

    select * from {{ ref("orders") }}

),

final as (

    select
        order_items.order_item_id,
        order_items.source,
        order_items.order_id,
        order_items.product_id,
        orders.customer_id,
        order_items.line_number,
        order_items.quantity,
        order_items.unit_price,
        order_items.quantity * order_items.unit_price as gross_amount,
        coalesce(order_items.discount_amount, 0) as discount_amount,
        order_items.quantity * order_items.unit_price
        - coalesce(order_items.discount_amount, 0) as net_amount,
        orders.currency,
        orders.ordered_at,
        cast(orders.ordered_at at time zone 'UTC' as date) as order_date
    from order_items
    inner join orders on order_items.order_id = orders.order_id

)

select * from final
