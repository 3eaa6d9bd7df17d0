{{ config(
    unique_key="order_id",
    indexes=[{"columns": ["customer_id"]}, {"columns": ["order_date"]}],
) }}

{%- set changed_by = {
    "orders": "order_id",
    "order_items": "order_id",
    "payments": "order_id",
} %}

with

orders as (

    select *
    from {{ ref("orders") }}
    {{ where_changed("order_id", changed_by) }}

),

sales as (

    select
        order_id,
        count(*) as line_count,
        sum(quantity) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(net_amount) as net_amount
    from {{ ref("fct_sales") }}
    {{ where_changed("order_id", changed_by) }}
    group by order_id

),

captures as (

    select
        order_id,
        sum(amount) as paid_amount,
        max(paid_at) as paid_at
    from {{ ref("payments") }}
    where status = 'captured'
    {{ where_changed("order_id", changed_by, keyword="and") }}
    group by order_id

),

final as (

    select
        orders.order_id,
        orders.source,
        orders.customer_id,
        orders.status,
        orders.currency,
        coalesce(sales.line_count, 0) as line_count,
        coalesce(sales.units, 0) as units,
        coalesce(sales.gross_amount, 0) as gross_amount,
        coalesce(sales.discount_amount, 0) as discount_amount,
        coalesce(sales.net_amount, 0) as net_amount,
        orders.tax_amount,
        orders.shipping_fee,
        orders.total,
        coalesce(captures.paid_amount, 0) as paid_amount,
        orders.ordered_at,
        captures.paid_at,
        cast(orders.ordered_at at time zone 'UTC' as date) as order_date
    from orders
    left join sales on orders.order_id = sales.order_id
    left join captures on orders.order_id = captures.order_id

)

select * from final
