with

active as (

    select distinct
        source,
        customer_id,
        cast(date_trunc('month', order_date) as date) as month_start
    from {{ ref("fct_orders") }}
    where customer_id is not null and line_count > 0

),

cohorts as (

    select
        *,
        min(month_start) over (partition by source, customer_id) as cohort_month
    from active

),

counted as (

    select
        source,
        cohort_month,
        cast(
            12 * (extract(year from month_start) - extract(year from cohort_month))
            + extract(month from month_start) - extract(month from cohort_month)
            as integer
        ) as months_since_first,
        count(*) as active_customers
    from cohorts
    group by source, cohort_month, month_start

),

final as (

    select
        source,
        cohort_month,
        months_since_first,
        first_value(active_customers) over cohort as cohort_customers,
        active_customers,
        round(
            cast(active_customers as numeric) / first_value(active_customers) over cohort,
            4
        ) as retention_rate
    from counted
    window cohort as (
        partition by source, cohort_month
        order by months_since_first
    )

)

select * from final
