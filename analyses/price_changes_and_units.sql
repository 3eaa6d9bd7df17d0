-- What does a change of price do to the units sold?
--
-- Every product in two months that follow each other, by how far its average price moved; the last
-- month of a source is left out, for it may not be over. Seasons move the products whose price did
-- not change too: compare with them.

with

months as (

    select
        *,
        max(month_start) over (partition by source) as last_month
    from {{ ref("product_monthly_performance") }}
    where units > 0

),

steps as (

    select
        source,
        currency,
        month_start,
        units,
        gross_amount / units as price,
        lag(month_start) over history as month_before,
        lag(units) over history as units_before,
        lag(gross_amount / units) over history as price_before
    from months
    where month_start < last_month
    window history as (
        partition by product_id, source, currency
        order by month_start
    )

),

changes as (

    select
        *,
        100 * (price - price_before) / price_before as price_percent
    from steps
    where month_before = month_start - interval '1 month' and price_before > 0

),

classed as (

    select
        *,
        case
            when price_percent < -10 then 1
            when price_percent < -1 then 2
            when price_percent <= 1 then 3
            when price_percent <= 10 then 4
            else 5
        end as class
    from changes

),

final as (

    select
        source,
        currency,
        (array[
            'cut by more than 10%', 'cut by 1 to 10%', 'unchanged', 'raised by 1 to 10%',
            'raised by more than 10%'
        ])[class] as price_change,
        count(*) as product_months,
        round(avg(price_percent), 1) as average_price_percent,
        sum(units_before) as units_before,
        sum(units) as units_after,
        round(100 * (sum(units) - sum(units_before)) / sum(units_before), 1) as units_percent
    from classed
    group by source, currency, class

)

select * from final
order by source, currency, average_price_percent
