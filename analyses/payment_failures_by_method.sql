-- Which ways to pay fail, and is the money lost?
--
-- Attempts to pay: captured and failed. Rescued is a failure whose order was paid in the end.

with

payments as (

    select * from {{ ref("fct_payments") }}
    where status in ('captured', 'failed')

),

orders as (

    select * from {{ ref("fct_orders") }}

),

payment_methods as (

    select * from {{ ref("dim_payment_methods") }}

),

final as (

    select
        payments.source,
        payments.currency,
        payment_methods.payment_method_name as payment_method,
        count(*) as attempts,
        count(*) filter (where payments.status = 'failed') as failed,
        round(100.0 * count(*) filter (where payments.status = 'failed') / count(*), 2)
            as failed_percent,
        count(*) filter (where payments.status = 'failed' and orders.paid_amount > 0) as rescued,
        coalesce(
            sum(payments.amount) filter (
                where payments.status = 'failed' and orders.paid_amount = 0
            ), 0
        ) as amount_lost
    from payments
    inner join orders on payments.order_id = orders.order_id
    inner join payment_methods on payments.payment_method = payment_methods.payment_method
    group by payments.source, payments.currency, payment_methods.payment_method_name

)

select * from final
order by source asc, currency asc, failed_percent desc, payment_method asc
