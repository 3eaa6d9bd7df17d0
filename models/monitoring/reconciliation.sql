{#
    A full build adds up every layer by itself. So does one with the variable `audit`, and
    one that follows upon a difference.

    Otherwise all layers agreed, and what was not judged since is as it was: then a day is
    added up in the facts, which are read by the day, and each layer differs from them by
    the rows that were judged since, which are looked up in every layer by their keys.

    The raw figures are computed anew from the text of the raw rows, when their load is new.
    For those of loads that were compared before, or pruned, stand the rows that quality keeps.
#}
{{ config(
    unique_key=["source", "currency", "order_date", "measure"],
    indexes=[{"columns": ["order_date", "source", "currency", "measure"], "unique": true}],
    meta={"delete_when": "source.raw = 0 and source.valid = 0 and source.production = 0"
        ~ " and source.fact = 0 and coalesce(source.aggregated, 0) = 0"},
) }}

{%- set mark = high_water_mark() if is_incremental() else 0 %}
{%- set load_counts, ledger = ref("load_counts"), ref("stg_loader__loads") %}
{%- set state = namespace(by_rows=false, new_loads="null") %}
{%- if execute and is_incremental() %}
{%- set differing = run_query("select from " ~ this ~ " where difference <> 0 limit 1") %}
{%- set state.by_rows = not var("audit") and differing | length == 0 %}
{%- set state.new_loads = run_query(
    "select load_id from " ~ load_counts ~ " where raw_rows > 0 and build > " ~ mark
).columns[0].values() | map("int") | join(", ") or "null" %}
{%- endif %}
{%- set by_rows = state.by_rows %}
{%- set rebooked = rebooked_orders(mark) %}

{#- How each entity is added up: in raw, quality and production, and in its fact; and what
    the aggregate calls it. -#}
{%- set entities = {
    "order_items": {
        "key": "order_item_id",
        "columns": {
            "source": "text",
            "order_id": "text",
            "quantity": "bigint",
            "unit_price": "numeric",
            "discount_amount": "numeric",
        },
        "currency": "orders.currency",
        "date": utc_date("orders.ordered_at"),
        "sums": {
            "sale_lines": "count(*)",
            "units": "sum(rows.quantity)",
            "gross_amount": "sum(rows.quantity * rows.unit_price)",
            "discount_amount": "sum(coalesce(rows.discount_amount, 0))",
        },
        "fact": ref("fct_sales"),
        "fact_date": "order_date",
        "fact_sums": {
            "sale_lines": "count(*)",
            "units": "sum(rows.quantity)",
            "gross_amount": "sum(rows.gross_amount)",
            "discount_amount": "sum(rows.discount_amount)",
        },
    },
    "payments": {
        "key": "payment_id",
        "columns": {
            "source": "text",
            "order_id": "text",
            "currency": "text",
            "status": "text",
            "amount": "numeric",
            "paid_at": "timestamptz",
        },
        "currency": "coalesce(rows.currency, orders.currency)",
        "date": utc_date("rows.paid_at"),
        "sums": {
            "payments": "count(*)",
            "payment_amount": "sum(rows.amount)",
            "captured_payments": "count(*) filter (where rows.status = 'captured')",
            "captured_amount": "sum(rows.amount) filter (where rows.status = 'captured')",
        },
        "fact": ref("fct_payments"),
        "fact_date": "payment_date",
    },
    "returns": {
        "key": "return_id",
        "columns": {
            "source": "text",
            "currency": "text",
            "quantity": "bigint",
            "refund_amount": "numeric",
            "returned_at": "timestamptz",
        },
        "currency": "rows.currency",
        "date": utc_date("rows.returned_at"),
        "sums": {
            "return_lines": "count(*)",
            "returned_units": "sum(rows.quantity)",
            "refund_amount": "sum(rows.refund_amount)",
        },
        "fact": ref("fct_returns"),
        "fact_date": "return_date",
    },
} %}
{%- set in_aggregate = [
    "units", "gross_amount", "discount_amount", "return_lines", "refund_amount",
] %}
{%- set as_kept = "(load_id in (" ~ state.new_loads ~ ")) is not true" if by_rows
    else "load_id in (select load_id from " ~ ledger ~ " where pruned_at is not null)" %}
{%- set rest = "fact - compared" if by_rows else "0" %}

with

orders as not materialized (

    select * from {{ ref("orders") }}

),
{%- if by_rows %}

rebooked as (

    {{ rebooked }}

),
{%- endif %}
{%- for entity, about in entities.items() %}
{%- set key, columns = about.key, about.columns.keys() | list %}
{%- set checked_rows, fact = ref("checked_" ~ entity), about.fact %}
{%- set typed = dict(about.columns, load_id="bigint", row_id="bigint") %}
{%- set has_order = "order_id" in columns %}
{%- if by_rows %}

-- All rows of a key: one that was delivered again says nothing of the one that stands.
keys_of_{{ entity }} as (

    select {{ key }}
    from {{ checked_rows }}
    where build > {{ mark }} and {{ key }} is not null
    {%- if has_order %}

    union

    select fact.{{ key }}
    from rebooked
    cross join {{ looked_up(fact, "order_id = rebooked.order_id") }} as fact
    {%- else %}
    group by {{ key }}
    {%- endif %}

),
{%- endif %}

judged_{{ entity }} as {{ "not materialized " if not by_rows }}(
    {%- if by_rows %}

    select
        judged.{{ key }},
        judged.{{ typed | join(", judged.") }},
        judged.failed_rules
    from keys_of_{{ entity }} as keys
    cross join {{ looked_up(checked_rows, key ~ " = keys." ~ key) }} as judged
    {%- else %}

    select
        {{ key }},
        {{ typed | join(", ") }},
        failed_rules
    from {{ checked_rows }}
    {%- endif %}

),

{{ entity }}_in_valid as not materialized (

    select *
    from judged_{{ entity }}
    where failed_rules is null

),

{%- set not_held %}
    {%- if by_rows %}
    where
        delivered.load_id in ({{ state.new_loads }})
        -- As a condition it is a hash: PostgreSQL knows nothing of rows that came just now, and
        -- as a join would compare each with each.
        and ((delivered.load_id, delivered.row_id) in (
            select load_id, row_id from {{ entity }}_in_valid
        )) is true
    {%- else %}
    left join judged_{{ entity }} as held
        on
            delivered.load_id = held.load_id
            and delivered.row_id = held.row_id
            and held.failed_rules is not null
    where held.load_id is null
    {%- endif %}
{%- endset %}

{{ entity }}_in_raw as (

    select
        delivered.{{ columns | join(", delivered.") }}
    from (
        {{ union_sources(entity, typed) }}
    ) as delivered
    {{ not_held }}

    union all

    select {{ columns | join(", ") }}
    from {{ entity }}_in_valid
    where {{ as_kept }}

),
{%- for layer, relation in {"production": ref(entity), "fact": fact}.items() %}

{{ entity }}_in_{{ layer }} as not materialized (
    {%- if by_rows %}

    select found.*
    from keys_of_{{ entity }} as keys
    cross join {{ looked_up(relation, key ~ " = keys." ~ key) }} as found
    {%- else %}

    select * from {{ relation }}
    {%- endif %}

),
{%- endfor %}

{{ entity }}_summed as (
    {%- set with_order = " inner join orders on rows.order_id = orders.order_id" if has_order %}
    {%- for layer in ["raw", "valid", "production"] %}

    {{ sums_of(
        layer,
        entity ~ "_in_" ~ layer ~ " as rows" ~ with_order,
        about.currency,
        about.date,
        about.sums
    ) }}

    union all
    {%- endfor %}

    {{ sums_of(
        "compared" if by_rows else "fact",
        entity ~ "_in_fact as rows",
        "rows.currency",
        "rows." ~ about.fact_date,
        about.fact_sums or about.sums
    ) }}

),
{%- endfor %}
{%- if by_rows %}

affected_days as (

    select unnest(days) as day
    from rebooked
    {%- for entity in entities %}

    union

    select order_date as day
    from {{ entity }}_summed
    {%- endfor %}

),
{%- for entity, about in entities.items() %}

{{ entity }}_of_days as (

    {{ sums_of(
        "fact",
        "affected_days cross join "
        ~ looked_up(about.fact, about.fact_date ~ " = affected_days.day") ~ " as rows",
        "rows.currency",
        "rows." ~ about.fact_date,
        about.fact_sums or about.sums
    ) }}

),
{%- endfor %}
{%- endif %}

aggregated as (

    select
        'aggregated' as layer,
        *,
        returns as return_lines
    from {{ ref("daily_revenue") }}
    {%- if by_rows %}
    where order_date in (select day from affected_days)
    {%- endif %}

),

figures as (
    {%- for entity, about in entities.items() %}
    {%- for summed in ["summed"] + (["of_days"] if by_rows else []) %}

    {{ figures_of(entity ~ "_" ~ summed, about.sums.keys()) }}

    union all
    {%- endfor %}
    {%- endfor %}

    {{ figures_of("aggregated", in_aggregate) }}
    {%- if by_rows %}

    union all

    select
        'before' as layer,
        source,
        currency,
        order_date,
        measure,
        0 as figure
    from {{ this }}
    where order_date in (select day from affected_days)
    {%- endif %}

),

beside_each_other as (

    select
        source,
        currency,
        order_date,
        measure,
        coalesce(sum(figure) filter (where layer = 'raw'), 0) as raw,
        coalesce(sum(figure) filter (where layer = 'valid'), 0) as valid,
        coalesce(sum(figure) filter (where layer = 'production'), 0) as production,
        coalesce(sum(figure) filter (where layer = 'fact'), 0) as fact,
        coalesce(sum(figure) filter (where layer = 'compared'), 0) as compared,
        -- Not every measure is aggregated: daily_revenue does not count lines.
        case
            when measure in ({{ quoted(in_aggregate) }})
                then coalesce(sum(figure) filter (where layer = 'aggregated'), 0)
        end as aggregated
    from figures
    where source in ({{ quoted(var("sources")) }})
    group by source, currency, order_date, measure

),

layered as (

    select
        source,
        currency,
        order_date,
        measure,
        raw + {{ rest }} as raw,
        valid + {{ rest }} as valid,
        production + {{ rest }} as production,
        fact,
        aggregated
    from beside_each_other

),

final as (

    select
        *,
        greatest(raw, valid, production, fact, aggregated)
        - least(raw, valid, production, fact, aggregated) as difference
    from layered

)

select
    *,
    case when difference = 0 then 'agrees' else 'differs' end as verdict
from final
