{{ config(
    unique_key="return_id",
    indexes=[{"columns": ["product_id"]}, {"columns": ["return_date"]}],
) }}

{%- set of_changed_orders = where_changed("order_items.order_id", {"orders": "order_id"}) %}

with

order_items as (

    select * from {{ ref("order_items") }}

),

-- Those that are new, and those of orders that have changed.
returns as (

    select *
    from {{ ref("returns") }}
    {{ where_changed("return_id", {"returns": "return_id"}) }}
    {%- if is_incremental() %}

    union

    select returns.*
    from {{ ref("returns") }} as returns
    inner join order_items on returns.order_item_id = order_items.order_item_id
    {{ of_changed_orders }}
    {%- endif %}

),

orders as (

    select * from {{ ref("orders") }}

),

-- Where a source says which line came back, the line tells the product and the customer.
final as (

    select
        returns.return_id,
        returns.source,
        returns.order_item_id,
        order_items.order_id,
        coalesce(returns.product_id, order_items.product_id) as product_id,
        coalesce(returns.customer_id, orders.customer_id) as customer_id,
        returns.reason,
        returns.quantity,
        returns.refund_amount,
        returns.currency,
        returns.returned_at,
        cast(returns.returned_at at time zone 'UTC' as date) as return_date
    from returns
    left join order_items on returns.order_item_id = order_items.order_item_id
    left join orders on order_items.order_id = orders.order_id

)

select * from final
