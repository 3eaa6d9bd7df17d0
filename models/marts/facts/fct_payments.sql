{{ config(
    unique_key="payment_id",
    indexes=[{"columns": ["order_id"]}, {"columns": ["payment_date"]}],
) }}

with

payments as (

    select *
    from {{ ref("payments") }}
    {{ where_changed("order_id", {"orders": "order_id", "payments": "order_id"}) }}

),

orders as (

    select * from {{ ref("orders") }}

),

final as (

    select
        payments.payment_id,
        payments.source,
        payments.order_id,
        orders.customer_id,
        payments.payment_method,
        payments.status,
        payments.amount,
        coalesce(payments.currency, orders.currency) as currency,
        payments.paid_at,
        cast(payments.paid_at at time zone 'UTC' as date) as payment_date
    from payments
    inner join orders on payments.order_id = orders.order_id

)

select * from final
