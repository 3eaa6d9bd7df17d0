{{ config(
    unique_key=["customer_id", "month_start"],
    indexes=[{"columns": ["cohort_month", "month_start"]}],
    meta={"delete_when": "source.orders = 0"},
) }}

{%- set rebooked = rebooked_orders(high_water_mark()) %}

with
{%- if is_incremental() %}

affected_customers as (

    select distinct unnest(customer_ids) as customer_id
    from ({{ rebooked }}) as rebooked

),
{%- endif %}

orders as (
    {%- if is_incremental() %}

    select found.*
    from affected_customers
    cross join
        {{ looked_up(ref("fct_orders"), "customer_id = affected_customers.customer_id") }} as found
    {%- else %}

    select * from {{ ref("fct_orders") }}
    {%- endif %}

),

months as (

    select
        source,
        customer_id,
        {{ month_of("order_date") }} as month_start,
        count(*) as orders
    from orders
    where customer_id <> 'unknown' and line_count > 0
    group by source, customer_id, month_start

),

final as (

    select
        source,
        customer_id,
        month_start,
        min(month_start) over (partition by customer_id) as cohort_month,
        orders
    from months
    {%- if is_incremental() %}

    union all

    select
        before.source,
        before.customer_id,
        before.month_start,
        before.cohort_month,
        0 as orders
    from affected_customers
    cross join
        {{ looked_up(this, "customer_id = affected_customers.customer_id") }} as before
    left join months
        on
            before.customer_id = months.customer_id
            and before.month_start = months.month_start
    where months.customer_id is null
    {%- endif %}

)

select * from final
