{#
    Promise 1. For every load: the rows that the ledger counted, the rows that raw holds
    and the rows that quality has judged, valid or quarantined, are as many. A row that
    a source's staging cuts into several entities (an invoice line names a product, a
    customer and an order) is one row. No row is in raw of a load that the ledger does
    not hold, or that was pruned: quality has all of its rows.
#}

{%- set raw_tables = raw_tables_of_sources(var("sources")) %}

with

loads as (

    select
        load_id,
        file,
        rows as ledger_rows,
        case when pruned_at is null then rows else 0 end as rows_to_be_in_raw
    from {{ ref("stg_loader__loads") }}
    where
        status = 'loaded'
        and source in ({{ quoted(var("sources")) }})
        and table_name not like '\_truth%'

),

raw_rows as (
    {%- for table in raw_tables %}

    select
        _load_id as load_id,
        count(*) as raw_rows
    from {{ table }}
    group by _load_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

judged as (
    {%- for entity in var("entities") %}

    select
        load_id,
        row_id
    from {{ ref("checked_" ~ entity) }}
    {%- if not loop.last %}

    union
    {%- endif %}
    {%- endfor %}

),

judged_rows as (

    select
        load_id,
        count(*) as judged_rows
    from judged
    group by load_id

)

select
    coalesce(loads.load_id, raw_rows.load_id) as load_id,
    loads.file,
    coalesce(loads.ledger_rows, 0) as ledger_rows,
    coalesce(raw_rows.raw_rows, 0) as raw_rows,
    coalesce(judged_rows.judged_rows, 0) as judged_rows
from loads
full join raw_rows on loads.load_id = raw_rows.load_id
left join judged_rows on loads.load_id = judged_rows.load_id
where
    coalesce(loads.rows_to_be_in_raw, 0) <> coalesce(raw_rows.raw_rows, 0)
    or coalesce(loads.ledger_rows, 0) <> coalesce(judged_rows.judged_rows, 0)
