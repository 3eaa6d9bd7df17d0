{#
    The generator's own totals of the sound rows are the warehouse's, day by day. A figure
    that the truth leaves empty is not compared.
#}
{{ config(enabled="shop" in var("sources")) }}

with

truth as (

    select
        source,
        order_date,
        currency,
        sum(orders) as orders,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(tax_amount) as tax_amount,
        sum(shipping_amount) as shipping_amount,
        sum(payments) as payments,
        sum(paid_amount) as paid_amount,
        sum(returned_units) as returned_units,
        sum(refund_amount) as refund_amount
    from {{ ref("stg_shop__truth_totals") }}
    group by source, order_date, currency

),

daily_revenue as (

    select * from {{ ref("daily_revenue") }}

),

charges as (

    select
        source,
        order_date,
        currency,
        sum(tax_amount) as tax_amount,
        sum(shipping_fee) as shipping_amount
    from {{ ref("fct_orders") }}
    group by source, order_date, currency

),

captures as (

    select
        source,
        payment_date,
        currency,
        count(*) as payments,
        sum(amount) as paid_amount
    from {{ ref("fct_payments") }}
    where status = 'captured'
    group by source, payment_date, currency

),

returns as (

    select
        source,
        return_date,
        currency,
        sum(quantity) as returned_units
    from {{ ref("fct_returns") }}
    group by source, return_date, currency

),

found as (

    select
        truth.source,
        truth.order_date,
        truth.currency,
        coalesce(daily_revenue.orders, 0) as orders,
        coalesce(daily_revenue.units, 0) as units,
        coalesce(daily_revenue.gross_amount, 0) as gross_amount,
        coalesce(daily_revenue.discount_amount, 0) as discount_amount,
        coalesce(daily_revenue.refund_amount, 0) as refund_amount,
        coalesce(charges.tax_amount, 0) as tax_amount,
        coalesce(charges.shipping_amount, 0) as shipping_amount,
        coalesce(captures.payments, 0) as payments,
        coalesce(captures.paid_amount, 0) as paid_amount,
        coalesce(returns.returned_units, 0) as returned_units
    from truth
    left join daily_revenue using (source, order_date, currency)
    left join charges using (source, order_date, currency)
    left join captures
        on
            truth.source = captures.source
            and truth.order_date = captures.payment_date
            and truth.currency = captures.currency
    left join returns
        on
            truth.source = returns.source
            and truth.order_date = returns.return_date
            and truth.currency = returns.currency

)

select
    truth.*,
    found.orders as orders_found,
    found.units as units_found,
    found.gross_amount as gross_amount_found,
    found.discount_amount as discount_amount_found,
    found.tax_amount as tax_amount_found,
    found.shipping_amount as shipping_amount_found,
    found.payments as payments_found,
    found.paid_amount as paid_amount_found,
    found.returned_units as returned_units_found,
    found.refund_amount as refund_amount_found
from truth
inner join found using (source, order_date, currency)
where
    truth.orders <> found.orders
    or truth.units <> found.units
    or truth.gross_amount <> found.gross_amount
    or truth.discount_amount <> found.discount_amount
    or truth.tax_amount <> found.tax_amount
    or truth.shipping_amount <> found.shipping_amount
    or truth.payments <> found.payments
    or truth.paid_amount <> found.paid_amount
    or truth.returned_units <> found.returned_units
    or truth.refund_amount <> found.refund_amount
