{#
    The generator's own totals of the sound rows are the warehouse's, day by day, and what
    they are more is what waits: an order with its lines, a payment or a return whose
    parent has not come. A line whose order was never delivered tells no day: of these the
    days together lack just as much. A figure that the truth leaves empty is not compared.

    The truth has one line for a day and batch, daily_revenue and reconciliation a few for a
    day. Only the charges are added up anew, for the days that were judged since.
#}
{{ config(enabled="shop" in var("sources")) }}

{%- set since = since_last_pass() %}
{%- set rebooked = rebooked_orders(since) %}
{%- set orders, lines = ref("checked_orders"), ref("checked_order_items") %}
{%- set payments, returns = ref("checked_payments"), ref("checked_returns") %}
{%- set fct_orders, fct_sales = ref("fct_orders"), ref("fct_sales") %}
{%- set of_lines = ["orders", "units", "gross_amount", "discount_amount"] %}
{%- set of_orders = ["tax_amount", "shipping_amount"] %}
{%- set of_payments = ["payments", "paid_amount"] %}
{%- set of_returns = ["returned_units", "refund_amount"] %}

with

truth as (

    select
        'truth' as layer,
        *
    from {{ ref("stg_shop__truth_totals") }}

),

days as (
    {%- if since %}

    select distinct unnest(days) as day
    from ({{ rebooked }}) as rebooked
    {%- else %}

    select distinct order_date as day
    from truth
    {%- endif %}

),

revenue as (

    select
        'found' as layer,
        *
    from {{ ref("daily_revenue") }}

),

-- The truth counts an order with its first version, which may have been delivered twice.
charges as (

    select distinct
        'found' as layer,
        found.order_id,
        found.source,
        found.currency,
        found.order_date,
        found.tax_amount,
        found.shipping_fee as shipping_amount
    from days
    cross join {{ looked_up(fct_orders, "order_date = days.day") }} as found
    cross join {{ looked_up(orders, "order_id = found.order_id and op = 'I'") }} as versions

),

-- Sound rows but for that: the truth says nothing of broken ones.
waiting as (

    select
        entity,
        waiting_load_id as load_id,
        row_number as row_id
    from {{ ref("scored_rows") }}
    where waiting_load_id is not null
    group by entity, waiting_load_id, row_number
    having bool_and(outcome is null and verdict = 'waiting')

),
{%- for entity, relation in {
    "orders": orders, "order_items": lines, "payments": payments, "returns": returns,
}.items() %}

waiting_{{ entity }} as (

    select
        'waiting' as layer,
        held.*
    from waiting
    cross join
        {{ looked_up(relation, "load_id = waiting.load_id and row_id = waiting.row_id") }} as held
    where waiting.entity = '{{ entity }}'

),
{%- endfor %}

waiting_charges as (

    select
        layer,
        source,
        currency,
        {{ utc_date("ordered_at") }} as order_date,
        tax_amount,
        shipping_fee as shipping_amount
    from waiting_orders
    where
        op = 'I'
        and not exists (
            select from {{ fct_orders }} as known
            where known.order_id = waiting_orders.order_id
        )

),

waiting_days as (

    select distinct
        order_id,
        currency,
        {{ utc_date("ordered_at") }} as order_date
    from waiting_orders

),

waiting_lines as (

    select
        'waiting' as layer,
        lines.source,
        versions.currency,
        versions.order_date,
        count(distinct lines.order_id) filter (
            where not exists (
                select from {{ fct_sales }} as sales
                where sales.order_id = lines.order_id
            )
        ) as orders,
        sum(lines.quantity) as units,
        sum(lines.quantity * lines.unit_price) as gross_amount,
        sum(coalesce(lines.discount_amount, 0)) as discount_amount
    from waiting_order_items as lines
    left join waiting_days as versions on lines.order_id = versions.order_id
    group by lines.source, versions.currency, versions.order_date

),

waiting_captures as (

    select
        layer,
        source,
        currency,
        {{ utc_date("paid_at") }} as order_date,
        1 as payments,
        amount as paid_amount
    from waiting_payments
    where status = 'captured'

),

waiting_refunds as (

    select
        layer,
        source,
        currency,
        {{ utc_date("returned_at") }} as order_date,
        quantity as returned_units,
        refund_amount
    from waiting_returns

),

figures as (

    {{ figures_of("truth", of_lines + of_orders + of_payments + of_returns) }}

    union all

    {{ figures_of("revenue", of_lines + ["refund_amount"]) }}

    union all

    {{ figures_of("charges", of_orders) }}

    union all

    select
        'found' as layer,
        source,
        currency,
        order_date,
        case measure
            when 'captured_payments' then 'payments'
            when 'captured_amount' then 'paid_amount'
            else measure
        end as measure,
        fact as figure
    from {{ ref("reconciliation") }}
    where measure in ('captured_payments', 'captured_amount', 'returned_units')

    union all

    {{ figures_of("waiting_lines", of_lines) }}

    union all

    {{ figures_of("waiting_charges", of_orders) }}

    union all

    {{ figures_of("waiting_captures", of_payments) }}

    union all

    {{ figures_of("waiting_refunds", of_returns) }}

),

compared as (

    select
        source,
        currency,
        order_date,
        measure,
        coalesce(sum(figure) filter (where layer = 'truth'), 0) as truth,
        coalesce(sum(figure) filter (where layer = 'found'), 0) as found,
        coalesce(sum(figure) filter (where layer = 'waiting'), 0) as waiting
    from figures
    group by source, currency, order_date, measure

),

of_known_days as (

    select
        *,
        truth - found - waiting as lacking
    from compared
    where
        exists (
            select from truth as told
            where
                told.source = compared.source
                and told.currency = compared.currency
                and told.order_date = compared.order_date
        )

),

of_unknown_days as (

    select
        measure,
        sum(waiting) as waiting
    from compared
    where order_date is null
    group by measure

),

wrong_days as (

    select
        order_date,
        measure,
        truth,
        found,
        waiting,
        lacking
    from of_known_days
    where
        (measure in ({{ quoted(of_lines) }}) and lacking < 0)
        or (measure in ({{ quoted(of_payments + of_returns) }}) and lacking <> 0)
        or (
            measure in ({{ quoted(of_orders) }})
            and lacking <> 0
            and order_date in (select day from days)
        )

),

wrong_sums as (

    select
        cast(null as date) as order_date,
        days.measure,
        sum(days.truth) as truth,
        sum(days.found) as found,
        sum(days.waiting) + coalesce(max(unknown.waiting), 0) as waiting,
        sum(days.lacking) - coalesce(max(unknown.waiting), 0) as lacking
    from of_known_days as days
    left join of_unknown_days as unknown on days.measure = unknown.measure
    where days.measure in ({{ quoted(of_lines) }})
    group by days.measure
    having sum(days.lacking) <> coalesce(max(unknown.waiting), 0)

)

select * from wrong_days

union all

select * from wrong_sums
