with

active as (

    select distinct
        source,
        customer_id,
        cast(date_trunc('month', order_date) as date) as month_start
    from {{ ref("fct_orders") }}
    where customer_id is not null and line_count > 0

),

firsts as (

    select
        source,
        customer_id,
        month_start,
        min(month_start) over (partition by source, customer_id) as first_month
    from active

),

final as (

    select
        month_start,
        source,
        count(*) as active_customers,
        count(*) filter (where month_start = first_month) as new_customers,
        count(*) filter (where month_start > first_month) as returning_customers
    from firsts
    group by month_start, source

)

select * from final
