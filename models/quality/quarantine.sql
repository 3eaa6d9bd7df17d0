{{ config(
    materialized="incremental",
    incremental_strategy="merge",
    unique_key=["entity", "load_id", "row_id"],
    merge_exclude_columns=["first_seen_at"],
    full_refresh=false,
    on_schema_change="append_new_columns",
    indexes=[{"columns": ["entity", "load_id", "row_id"], "unique": true}],
    post_hook=["{{ set_high_water_mark() }}"],
) }}

{%- set mark = high_water_mark() if is_incremental() %}
{%- set not_delivered = "'{source,batch,load_id,row_id,uncastable,failed_rules,build}'" %}
{%- set valid = {} %}
{%- for entity in var("entities") %}
{%- do valid.update({entity: ref("valid_" ~ entity)}) %}
{%- endfor %}

with

loads as (

    select * from {{ ref("stg_loader__loads") }}

),
{%- for entity, key in var("entities").items() %}

delivered_{{ entity }} as (

    {{ union_sources(entity, {"load_id": "bigint", "row_id": "bigint", "record": "jsonb"}) }}

),

held_{{ entity }} as (

    select
        held.source,
        '{{ entity }}' as entity,
        held.{{ key }} as record_key,
        held.failed_rules,
        -- A row that was pruned from raw is shown as it was first held, or as typed.
        coalesce(
            delivered.record,
            {%- if is_incremental() %}
            before.record,
            {%- endif %}
            to_jsonb(held) - {{ not_delivered }}::text[]
        ) as record,
        held.load_id,
        held.row_id,
        current_timestamp as first_seen_at,
        current_timestamp as last_seen_at,
        cast(null as timestamptz) as resolved_at
    from {{ ref("quarantined_" ~ entity) }} as held
    left join delivered_{{ entity }} as delivered
        on held.load_id = delivered.load_id and held.row_id = delivered.row_id
    {%- if is_incremental() %}
    left join {{ this }} as before
        on
            before.entity = '{{ entity }}'
            and held.load_id = before.load_id
            and held.row_id = before.row_id
    where held.build > {{ mark }}
    {%- endif %}

),
{%- if is_incremental() %}

released_{{ entity }} as (

    select
        held.source,
        held.entity,
        held.record_key,
        held.failed_rules,
        held.record,
        held.load_id,
        held.row_id,
        held.first_seen_at,
        held.last_seen_at,
        current_timestamp as resolved_at
    from {{ this }} as held
    inner join {{ valid[entity] }} as valid
        on held.load_id = valid.load_id and held.row_id = valid.row_id
    where
        held.entity = '{{ entity }}'
        and held.resolved_at is null
        and valid.build > {{ mark }}

),
{%- endif %}
{%- endfor %}

changed as (
    {%- for entity in var("entities") %}

    select * from held_{{ entity }}
    {%- if is_incremental() %}

    union all

    select * from released_{{ entity }}
    {%- endif %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        changed.source,
        changed.entity,
        changed.record_key,
        changed.failed_rules,
        changed.record,
        changed.load_id,
        changed.row_id,
        loads.file,
        changed.row_id + loads.header_lines as line_number,
        changed.first_seen_at,
        changed.last_seen_at,
        changed.resolved_at
    from changed
    inner join loads on changed.load_id = loads.load_id

)

select * from final
