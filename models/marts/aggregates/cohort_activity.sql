{{ config(
    unique_key=["source", "cohort_month", "month_start"],
    meta={"delete_when": "source.active_customers = 0"},
) }}

{%- set rebooked = rebooked_orders(high_water_mark()) %}

{%- set customer_months = ref("customer_months") %}

with
{%- if is_incremental() %}

-- The months in which each customer may have gained or lost an order.
touched as (

    select distinct
        customers.customer_id,
        {{ month_of("days.day") }} as month_start
    from ({{ rebooked }}) as rebooked
    cross join lateral unnest(rebooked.customer_ids) as customers (customer_id)
    cross join lateral unnest(rebooked.days) as days (day)

),

-- A customer changes cohort only where an order came or went up to the month of the first
-- one. Then every month of the customer counts, in every cohort that can have been.
customers as (

    select
        touched.customer_id,
        touched.months as months_touched,
        touched.months || array_agg(found.month_start) as months,
        min(found.cohort_month) as cohort_month,
        coalesce(touched.first_month <= min(found.cohort_month), true) as may_have_moved
    from (
        select
            customer_id,
            array_agg(month_start) as months,
            min(month_start) as first_month
        from touched
        group by customer_id
    ) as touched
    left join {{ looked_up(customer_months, "customer_id = touched.customer_id") }} as found
        on true
    group by touched.customer_id, touched.months, touched.first_month

),

affected as (

    select distinct
        customers.cohort_month,
        months.month_start
    from customers
    cross join lateral unnest(customers.months_touched) as months (month_start)
    where not customers.may_have_moved

    union

    select
        cohorts.month_start as cohort_month,
        months.month_start
    from customers
    cross join lateral unnest(customers.months) as cohorts (month_start)
    cross join lateral unnest(customers.months) as months (month_start)
    where customers.may_have_moved and cohorts.month_start <= months.month_start

),
{%- endif %}

counted as (
    {%- if is_incremental() %}

    select
        found.source,
        found.cohort_month,
        found.month_start,
        count(*) as active_customers
    from affected
    cross join {{ looked_up(
        customer_months,
        "cohort_month = affected.cohort_month and month_start = affected.month_start"
    ) }} as found
    group by found.source, found.cohort_month, found.month_start

    union all

    select
        before.source,
        before.cohort_month,
        before.month_start,
        0 as active_customers
    from {{ this }} as before
    inner join affected
        on
            before.cohort_month = affected.cohort_month
            and before.month_start = affected.month_start
    {%- else %}

    select
        source,
        cohort_month,
        month_start,
        count(*) as active_customers
    from {{ customer_months }}
    group by source, cohort_month, month_start
    {%- endif %}

),

final as (

    select
        source,
        cohort_month,
        month_start,
        cast(sum(active_customers) as bigint) as active_customers
    from counted
    group by source, cohort_month, month_start

)

select * from final
