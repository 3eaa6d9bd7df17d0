{{ config(materialized="table") }}

with

cohort_activity as (

    select * from {{ ref("cohort_activity") }}

),

final as (

    select
        month_start,
        source,
        cast(sum(active_customers) as bigint) as active_customers,
        cast(
            coalesce(sum(active_customers) filter (where month_start = cohort_month), 0)
            as bigint
        ) as new_customers,
        cast(
            coalesce(sum(active_customers) filter (where month_start > cohort_month), 0)
            as bigint
        ) as returning_customers
    from cohort_activity
    group by month_start, source

)

select * from final
