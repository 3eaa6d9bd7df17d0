{{ config(materialized="table") }}

with

cohort_activity as (

    select * from {{ ref("cohort_activity") }}

),

final as (

    select
        source,
        cohort_month,
        cast(
            12 * (extract(year from month_start) - extract(year from cohort_month))
            + extract(month from month_start) - extract(month from cohort_month)
            as integer
        ) as months_since_first,
        first_value(active_customers) over cohort as cohort_customers,
        active_customers,
        round(
            cast(active_customers as numeric) / first_value(active_customers) over cohort,
            4
        ) as retention_rate
    from cohort_activity
    window cohort as (
        partition by source, cohort_month
        order by month_start
    )

)

select * from final
