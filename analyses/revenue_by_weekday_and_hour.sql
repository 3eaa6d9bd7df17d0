-- When do customers buy: on which day of the week, at what hour?
--
-- Per mille of the revenue of a source and currency. Hours are UTC.

{%- set weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] %}

with

sales as (

    select
        source,
        currency,
        extract(hour from ordered_at at time zone 'UTC') as hour_of_day,
        extract(isodow from order_date) as day_of_week,
        net_amount
    from {{ ref("fct_sales") }}

),

totals as (

    select
        source,
        currency,
        sum(net_amount) as net_amount
    from sales
    group by source, currency

),

final as (

    select
        sales.source,
        sales.currency,
        sales.hour_of_day,
        {%- for day in weekdays %}
        round(
            1000 / totals.net_amount
            * coalesce(
                sum(sales.net_amount) filter (where sales.day_of_week = {{ loop.index }}), 0
            ), 1
        ) as {{ day }},
        {%- endfor %}
        round(1000 * sum(sales.net_amount) / totals.net_amount, 1) as whole_week
    from sales
    inner join totals
        on sales.source = totals.source and sales.currency = totals.currency
    where totals.net_amount > 0
    group by sales.source, sales.currency, sales.hour_of_day, totals.net_amount

)

select * from final
order by source, currency, hour_of_day
