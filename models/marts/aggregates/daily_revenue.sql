{{ config(
    unique_key=["order_date", "source", "currency"],
    meta={"delete_when": "source.orders = 0 and source.returns = 0"},
) }}

{%- set mark = high_water_mark() %}
{%- set rebooked = rebooked_orders(mark) %}
{%- set judged_returns = ref("checked_returns") %}

with
{%- if is_incremental() %}

affected_days as (

    select unnest(days) as day
    from ({{ rebooked }}) as rebooked

    union

    select {{ utc_date("returned_at") }} as day
    from {{ judged_returns }}
    where build > {{ mark }} and returned_at is not null

),

-- A day is read by index, one after the other: how many there are the planner cannot know.
orders as (

    select found.*
    from affected_days
    cross join {{ looked_up(ref("fct_orders"), "order_date = affected_days.day") }} as found

),

returns as (

    select found.*
    from affected_days
    cross join {{ looked_up(ref("fct_returns"), "return_date = affected_days.day") }} as found

),
{%- else %}

orders as (

    select * from {{ ref("fct_orders") }}

),

returns as (

    select * from {{ ref("fct_returns") }}

),
{%- endif %}

movements as (

    select
        order_date,
        source,
        currency,
        count(*) as orders,
        0 as returns,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        0 as refund_amount
    from orders
    where line_count > 0
    group by order_date, source, currency

    union all

    select
        return_date as order_date,
        source,
        currency,
        0 as orders,
        count(*) as returns,
        0 as units,
        0 as gross_amount,
        0 as discount_amount,
        sum(refund_amount) as refund_amount
    from returns
    group by return_date, source, currency
    {%- if is_incremental() %}

    union all

    select
        order_date,
        source,
        currency,
        0 as orders,
        0 as returns,
        0 as units,
        0 as gross_amount,
        0 as discount_amount,
        0 as refund_amount
    from {{ this }}
    where order_date in (select day from affected_days)
    {%- endif %}

),

final as (

    select
        order_date,
        source,
        currency,
        cast(sum(orders) as bigint) as orders,
        cast(sum(returns) as bigint) as returns,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(refund_amount) as refund_amount,
        sum(gross_amount) - sum(discount_amount) - sum(refund_amount) as net_amount
    from movements
    group by order_date, source, currency

)

select * from final
