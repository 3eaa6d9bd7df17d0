{{ config(
    unique_key=["month_start", "source", "currency", "payment_method"],
    meta={"delete_when": "source.payments = 0"},
) }}

{%- set mark = high_water_mark() %}
{%- set rebooked = rebooked_orders(mark) %}
{%- set judged_payments, all_payments = ref("checked_payments"), ref("payments") %}

with
{%- if is_incremental() %}

-- A payment that names no currency has that of its order.
affected_months as (

    select {{ month_of(utc_date("paid_at")) }} as month_start
    from {{ judged_payments }}
    where build > {{ mark }} and paid_at is not null

    union

    select {{ month_of(utc_date("payments.paid_at")) }} as month_start
    from ({{ rebooked }}) as rebooked
    cross join {{ looked_up(all_payments, "order_id = rebooked.order_id") }} as payments

),
{%- endif %}

payments as (
    {%- if is_incremental() %}

    select found.*
    from affected_months
    cross join {{ looked_up(
        ref("fct_payments"),
        "payment_date >= affected_months.month_start"
        ~ " and payment_date < affected_months.month_start + interval '1 month'"
    ) }} as found
    {%- else %}

    select * from {{ ref("fct_payments") }}
    {%- endif %}

),

captured as (

    select
        {{ month_of("payment_date") }} as month_start,
        source,
        currency,
        payment_method,
        count(*) as payments,
        sum(amount) as amount
    from payments
    where status = 'captured'
    group by month_start, source, currency, payment_method
    {%- if is_incremental() %}

    union all

    select
        month_start,
        source,
        currency,
        payment_method,
        0 as payments,
        0 as amount
    from {{ this }}
    where month_start in (select month_start from affected_months)
    {%- endif %}

),

added_up as (

    select
        month_start,
        source,
        currency,
        payment_method,
        cast(sum(payments) as bigint) as payments,
        sum(amount) as amount
    from captured
    group by month_start, source, currency, payment_method

),

final as (

    select
        month_start,
        source,
        currency,
        payment_method,
        payments,
        amount,
        round(
            amount / nullif(sum(amount) over (partition by month_start, source, currency), 0),
            4
        ) as amount_share
    from added_up

)

select * from final
