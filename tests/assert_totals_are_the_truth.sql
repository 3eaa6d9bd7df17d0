{# The generator's own totals of the sound rows are the warehouse's daily_revenue, day by day. #}
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
        sum(discount_amount) as discount_amount
    from {{ ref("stg_shop__truth_totals") }}
    group by source, order_date, currency

),

daily_revenue as (

    select * from {{ ref("daily_revenue") }}

)

select
    truth.*,
    daily_revenue.orders as orders_found,
    daily_revenue.units as units_found,
    daily_revenue.gross_amount as gross_amount_found,
    daily_revenue.discount_amount as discount_amount_found
from truth
left join daily_revenue
    on
        truth.source = daily_revenue.source
        and truth.order_date = daily_revenue.order_date
        and truth.currency = daily_revenue.currency
where
    truth.orders is distinct from daily_revenue.orders
    or truth.units is distinct from daily_revenue.units
    or truth.gross_amount is distinct from daily_revenue.gross_amount
    or truth.discount_amount is distinct from daily_revenue.discount_amount
