{{ config(
    materialized="incremental",
    incremental_strategy="merge",
    unique_key=["entity", "load_id", "row_id"],
    merge_exclude_columns=["first_seen_at"],
    full_refresh=false,
    on_schema_change="append_new_columns",
    indexes=[
        {"columns": ["entity", "load_id", "row_id"], "unique": true},
        {"columns": ["entity", "record_key"]},
    ],
    post_hook=["{{ set_high_water_mark() }}"],
) }}

{%- set mark = high_water_mark() if is_incremental() %}
{%- set new_loads = loads_to_show(mark) if is_incremental() else none %}
{%- set not_delivered = "'{source,batch,load_id,row_id,uncastable,failed_rules,build}'" %}
{%- for entity in var("entities") %}
{%- do ref("checked_" ~ entity) %}
{%- endfor %}

with

loads as not materialized (

    select * from {{ ref("stg_loader__loads") }}

),
{%- for entity, key in var("entities").items() %}

{{ entity }}_held as (

    select
        held.source,
        '{{ entity }}' as entity,
        held.{{ key }} as record_key,
        held.failed_rules,
        held.load_id,
        held.row_id,
        held.batch,
        loads.file,
        held.row_id + loads.header_lines as line_number,
        {%- if is_incremental() %}
        {{ column_before("resolved_at", entity, "held") }} as resolved_before_at,
        {{ column_before("record", entity, "held") }} as record_before,
        {{ column_before("load_id", entity, "held") }} is not null
        or loads.pruned_at is not null as is_recorded,
        {%- else %}
        cast(null as timestamptz) as resolved_before_at,
        cast(null as jsonb) as record_before,
        loads.pruned_at is not null as is_recorded,
        {%- endif %}
        -- A row that was pruned from raw is shown as it was first held, or as typed.
        case
            when loads.pruned_at is not null then to_jsonb(held) - {{ not_delivered }}::text[]
        end as typed_record
    from {{ ref("quarantined_" ~ entity) }} as held
    inner join loads on held.load_id = loads.load_id
    {%- if is_incremental() %}
    where held.build > {{ mark }}
    {%- endif %}

),

{{ entity }}_unrecorded as (

    select *
    from {{ entity }}_held
    where not is_recorded

),

{{ entity }}_recorded as (

    select
        *,
        coalesce(record_before, typed_record) as record
    from {{ entity }}_held
    where is_recorded

    union all

    {{ with_records(entity, entity ~ "_unrecorded", loads=new_loads) }}

),
{%- if is_incremental() %}

-- A sound row may correct what is still held, a broken one may have been the correction.
{{ entity }}_touched as (

    {{ rows_touched(entity, mark) }}

),
{%- endif %}
{%- endfor %}

resolved as (
    {%- for entity in var("entities") %}

    select
        held.source,
        held.entity,
        held.record_key,
        held.failed_rules,
        held.record,
        held.load_id,
        held.row_id,
        held.file,
        held.line_number,
        current_timestamp as first_seen_at,
        current_timestamp as last_seen_at,
        held.resolved_before_at,
        case when {{ is_corrected(entity, "held") }} then 'corrected' end as resolution
    from {{ entity }}_recorded as held
    {%- if is_incremental() %}

    union all

    select
        held.source,
        held.entity,
        held.record_key,
        held.failed_rules,
        held.record,
        held.load_id,
        held.row_id,
        held.file,
        held.line_number,
        held.first_seen_at,
        held.last_seen_at,
        held.resolved_at as resolved_before_at,
        case
            when held.is_released then 'released'
            when {{ is_corrected(entity, "held") }} then 'corrected'
        end as resolution
    from {{ entity }}_touched as held
    {%- endif %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        source,
        entity,
        record_key,
        failed_rules,
        record,
        load_id,
        row_id,
        file,
        line_number,
        first_seen_at,
        last_seen_at,
        case
            when resolution is not null then coalesce(resolved_before_at, current_timestamp)
        end as resolved_at,
        resolution
    from resolved

)

select * from final
