{#
    Each load is counted when it is new, and again until its counts agree; in a full refresh,
    or with the variable `audit`, all are. What a load holds never changes after that: only
    its rows move between valid and held, and those are counted anew for the loads of which a
    row was judged since. What was pruned from raw keeps the count that it had.
#}
{{ config(unique_key="load_id", full_refresh=false) }}

{%- set mark = high_water_mark() if is_incremental() %}
{%- set count_all = not is_incremental() or flags.FULL_REFRESH or var("audit") %}
{%- set loads = ref("stg_loader__loads") %}
{%- set checked_rows, held_rows = {}, {} %}
{%- for entity in var("entities") %}
{%- do checked_rows.update({entity: ref("checked_" ~ entity)}) %}
{%- do held_rows.update({entity: ref("quarantined_" ~ entity)}) %}
{%- endfor %}
{%- set tables = loads_to_count(loads, none if count_all else this) if execute else [] %}
{%- set all_load_ids = tables | map(attribute="load_ids") | sum(start=[]) %}

with

loads as (

    select
        *,
        load_id in ({{ all_load_ids | join(", ") or "null" }}) as is_to_count
    from {{ loads }}
    where status = 'loaded'

),

raw_rows as (
    {%- for table in tables if table.load_ids %}

    select
        _load_id as load_id,
        count(*) as raw_rows
    from {{ table.relation }}
    where _load_id in ({{ table.load_ids | join(", ") }})
    group by _load_id

    union all
    {%- endfor %}

    select
        cast(null as bigint) as load_id,
        cast(null as bigint) as raw_rows
    where false

),

-- A row that its source's staging cuts into several entities is one row.
judged_rows as (
    {%- for table in tables if table.load_ids and table.entities %}

    select
        load_id,
        count({{ "*" if table.entities | length == 1 else "distinct row_id" }}) as judged_rows
    from (
        {%- for entity in table.entities %}
        select
            load_id,
            row_id
        from {{ checked_rows[entity] }}
        where load_id in ({{ table.load_ids | join(", ") }})
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as of_all_entities
    group by load_id

    union all
    {%- endfor %}

    select
        cast(null as bigint) as load_id,
        cast(null as bigint) as judged_rows
    where false

),

affected as (

    select load_id
    from loads
    where is_to_count
    {%- if not count_all %}
    {%- for relation in checked_rows.values() %}

    union

    select load_id
    from {{ relation }}
    where build > {{ mark }}
    {%- endfor %}
    {%- endif %}

),

held_rows as (

    select
        load_id,
        count(distinct row_id) as held_rows
    from (
        {%- for relation in held_rows.values() %}
        {%- if count_all %}
        select
            load_id,
            row_id
        from {{ relation }}
        {%- else %}
        select
            held.load_id,
            held.row_id
        from affected
        cross join {{ looked_up(relation, "load_id = affected.load_id") }} as held
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as of_all_entities
    group by load_id

),

counted as (

    select
        loads.load_id,
        loads.source,
        loads.table_name,
        loads.batch,
        loads.file,
        loads.rows as ledger_rows,
        {%- if is_incremental() %}
        case
            when loads.is_to_count and loads.pruned_at is null
                then coalesce(raw_rows.raw_rows, 0)
            else before.raw_rows
        end as raw_rows,
        case
            when loads.is_to_count then coalesce(judged_rows.judged_rows, 0)
            else before.judged_rows
        end as judged_rows,
        {%- else %}
        case when loads.pruned_at is null then coalesce(raw_rows.raw_rows, 0) end as raw_rows,
        coalesce(judged_rows.judged_rows, 0) as judged_rows,
        {%- endif %}
        coalesce(held_rows.held_rows, 0) as held_rows,
        {%- if is_incremental() %}
        coalesce(before.build, {{ this_build() }}) as build
        {%- else %}
        {{ this_build() }} as build
        {%- endif %}
    from affected
    inner join loads on affected.load_id = loads.load_id
    left join raw_rows on loads.load_id = raw_rows.load_id
    left join judged_rows on loads.load_id = judged_rows.load_id
    left join held_rows on loads.load_id = held_rows.load_id
    {%- if is_incremental() %}
    left join {{ this }} as before on loads.load_id = before.load_id
    {%- endif %}

),

final as (

    select
        load_id,
        source,
        table_name,
        batch,
        file,
        ledger_rows,
        raw_rows,
        judged_rows,
        judged_rows - held_rows as valid_rows,
        held_rows,
        abs(ledger_rows - coalesce(raw_rows, ledger_rows)) + abs(ledger_rows - judged_rows)
            as difference,
        build
    from counted

)

select * from final
