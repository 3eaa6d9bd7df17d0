-- How much is given away in discounts?
--
-- The last twelve months of each source and currency.

with

months as (

    select
        source,
        currency,
        {{ month_of("order_date") }} as month_start,
        count(*) as line_count,
        count(*) filter (where discount_amount > 0) as discounted_lines,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount
    from {{ ref("fct_sales") }}
    group by source, currency, month_start

),

dated as (

    select
        *,
        max(month_start) over (partition by source) as last_month
    from months

),

final as (

    select
        source,
        currency,
        month_start,
        round(gross_amount, 2) as gross_amount,
        round(discount_amount, 2) as discount_amount,
        round(100 * discount_amount / nullif(gross_amount, 0), 2) as discount_percent,
        round(100.0 * discounted_lines / line_count, 1) as discounted_lines_percent
    from dated
    where month_start > last_month - interval '12 months'

)

select * from final
order by source, currency, month_start
