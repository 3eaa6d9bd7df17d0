{#
    The raw figures are computed anew from the raw rows. Those of loads that were pruned
    are gone: there the rows that quality keeps stand for them.
#}
with

orders as (

    select * from {{ ref("orders") }}

),

pruned_loads as (

    select load_id
    from {{ ref("stg_loader__loads") }}
    where pruned_at is not null

),
{%- set line_columns = {
    "source": "text",
    "order_id": "text",
    "quantity": "bigint",
    "unit_price": "numeric",
    "discount_amount": "numeric",
    "load_id": "bigint",
    "row_id": "bigint",
} %}
{%- set return_columns = {
    "source": "text",
    "currency": "text",
    "quantity": "bigint",
    "refund_amount": "numeric",
    "load_id": "bigint",
    "row_id": "bigint",
} %}

delivered_lines as (

    {{ union_sources("order_items", line_columns) }}

    union all

    select {{ line_columns | join(", ") }}
    from {{ ref("checked_order_items") }}
    where load_id in (select load_id from pruned_loads)

),

delivered_returns as (

    {{ union_sources("returns", return_columns) }}

    union all

    select {{ return_columns | join(", ") }}
    from {{ ref("checked_returns") }}
    where load_id in (select load_id from pruned_loads)

),

-- What was delivered and is not held, computed anew from the raw rows.
raw_sales as (

    select
        delivered_lines.source,
        orders.currency,
        count(*) as sale_lines,
        sum(delivered_lines.quantity) as units,
        sum(delivered_lines.quantity * delivered_lines.unit_price) as gross_amount,
        sum(coalesce(delivered_lines.discount_amount, 0)) as discount_amount
    from delivered_lines
    inner join orders on delivered_lines.order_id = orders.order_id
    left join {{ ref("quarantined_order_items") }} as held
        on
            delivered_lines.load_id = held.load_id
            and delivered_lines.row_id = held.row_id
    where held.load_id is null
    group by delivered_lines.source, orders.currency

),

raw_returns as (

    select
        delivered_returns.source,
        delivered_returns.currency,
        count(*) as return_lines,
        sum(delivered_returns.refund_amount) as refund_amount
    from delivered_returns
    left join {{ ref("quarantined_returns") }} as held
        on
            delivered_returns.load_id = held.load_id
            and delivered_returns.row_id = held.row_id
    where held.load_id is null
    group by delivered_returns.source, delivered_returns.currency

),

production_sales as (

    select
        order_items.source,
        orders.currency,
        count(*) as sale_lines,
        sum(order_items.quantity) as units,
        sum(order_items.quantity * order_items.unit_price) as gross_amount,
        sum(coalesce(order_items.discount_amount, 0)) as discount_amount
    from {{ ref("order_items") }} as order_items
    inner join orders on order_items.order_id = orders.order_id
    group by order_items.source, orders.currency

),

production_returns as (

    select
        source,
        currency,
        count(*) as return_lines,
        sum(refund_amount) as refund_amount
    from {{ ref("returns") }}
    group by source, currency

),

fact_sales as (

    select
        source,
        currency,
        count(*) as sale_lines,
        sum(quantity) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount
    from {{ ref("fct_sales") }}
    group by source, currency

),

fact_returns as (

    select
        source,
        currency,
        count(*) as return_lines,
        sum(refund_amount) as refund_amount
    from {{ ref("fct_returns") }}
    group by source, currency

),

aggregate_sales as (

    select
        source,
        currency,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(refund_amount) as refund_amount
    from {{ ref("daily_revenue") }}
    group by source, currency

),
{%- set layers = ["raw", "production", "fact"] %}

figures as (
    {%- for layer in layers %}
    {%- for measure in ["sale_lines", "units", "gross_amount", "discount_amount"] %}

    select
        source,
        currency,
        '{{ measure }}' as measure,
        '{{ layer }}' as layer,
        {{ measure }} as figure
    from {{ layer }}_sales

    union all
    {%- endfor %}
    {%- for measure in ["return_lines", "refund_amount"] %}

    select
        source,
        currency,
        '{{ measure }}' as measure,
        '{{ layer }}' as layer,
        {{ measure }} as figure
    from {{ layer }}_returns

    union all
    {%- endfor %}
    {%- endfor %}
    {%- for measure in ["units", "gross_amount", "discount_amount", "refund_amount"] %}

    select
        source,
        currency,
        '{{ measure }}' as measure,
        'aggregate' as layer,
        {{ measure }} as figure
    from aggregate_sales
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

beside_each_other as (

    select
        source,
        currency,
        measure,
        {%- for layer in layers %}
        coalesce(max(figure) filter (where layer = '{{ layer }}'), 0) as {{ layer }},
        {%- endfor %}
        max(figure) filter (where layer = 'aggregate') as aggregated
    from figures
    where source in ({{ quoted(var("sources")) }})
    group by source, currency, measure

),

final as (

    select
        source,
        currency,
        measure,
        raw,
        production,
        fact,
        -- Not every measure is aggregated: daily_revenue does not count lines.
        aggregated,
        greatest(raw, production, fact, aggregated)
        - least(raw, production, fact, aggregated) as difference
    from beside_each_other

)

select
    *,
    case when difference = 0 then 'agrees' else 'differs' end as verdict
from final
