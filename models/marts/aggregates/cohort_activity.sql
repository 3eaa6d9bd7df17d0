{{ config(
    unique_key=["source", "cohort_month", "month_start"],
    meta={"delete_when": "source.active_customers = 0"},
) }}

{%- set rebooked = rebooked_orders(high_water_mark()) %}

with

customer_months as (

    select * from {{ ref("customer_months") }}

),
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
        array_agg(touched.month_start) as months_touched,
        found.months,
        found.cohort_month,
        coalesce(min(touched.month_start) <= found.cohort_month, true) as may_have_moved
    from touched
    left join lateral (
        select
            min(cohort_month) as cohort_month,
            coalesce(array_agg(month_start), '{}') as months
        from customer_months
        where customer_id = touched.customer_id
        offset 0
    ) as found on true
    group by touched.customer_id, found.months, found.cohort_month

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
    cross join lateral
        unnest(customers.months_touched || customers.months) as cohorts (month_start)
    cross join lateral
        unnest(customers.months_touched || customers.months) as months (month_start)
    where customers.may_have_moved and cohorts.month_start <= months.month_start

),
{%- endif %}

counted as (
    {%- if is_incremental() %}

    select found.*
    from affected
    cross join lateral (
        select
            source,
            cohort_month,
            month_start,
            count(*) as active_customers
        from customer_months
        where
            cohort_month = affected.cohort_month
            and month_start = affected.month_start
        group by source, cohort_month, month_start
        offset 0
    ) as found

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
    from customer_months
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
