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
{%- set checked = {} %}
{%- for entity in var("entities") %}
{%- do checked.update({entity: ref("checked_" ~ entity)}) %}
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
        {% if is_incremental() %}before.resolved_at{% else %}cast(null as timestamptz){% endif %}
            as resolved_before_at,
        -- A row that was pruned from raw is shown as it was first held, or as typed.
        {%- if is_incremental() %}
        before.record is not null or loads.pruned_at is not null as is_recorded,
        {%- else %}
        loads.pruned_at is not null as is_recorded,
        {%- endif %}
        coalesce(
            {%- if is_incremental() %}
            before.record,
            {%- endif %}
            case
                when loads.pruned_at is not null then to_jsonb(held) - {{ not_delivered }}::text[]
            end
        ) as stored_record
    from {{ ref("quarantined_" ~ entity) }} as held
    inner join loads on held.load_id = loads.load_id
    {%- if is_incremental() %}
    left join lateral (
        select
            seen.record,
            seen.resolved_at
        from {{ this }} as seen
        where
            seen.entity = '{{ entity }}'
            and seen.load_id = held.load_id
            and seen.row_id = held.row_id
        limit 1
    ) as before on true
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
        stored_record as record
    from {{ entity }}_held
    where is_recorded

    union all

    {{ with_records(entity, entity ~ "_unrecorded", loads=new_loads) }}

),
{%- if is_incremental() %}

-- What is known here of the keys that were judged since: a sound row may correct what is
-- still held, a broken one may have been the correction. `offset 0`: row by row, by index.
{{ entity }}_touched as (

    select distinct on (seen.load_id, seen.row_id)
        seen.*,
        stored.batch,
        stored.failed_rules is null as is_released
    from {{ checked[entity] }} as judged
    cross join lateral (
        select *
        from {{ this }} as seen
        where
            seen.entity = '{{ entity }}'
            and seen.record_key = judged.{{ key }}
            and seen.resolution is distinct from 'released'
            and (
                seen.resolved_at is null
                or judged.failed_rules is not null
                or (seen.load_id, seen.row_id) = (judged.load_id, judged.row_id)
            )
        offset 0
    ) as seen
    cross join lateral (
        select
            stored.batch,
            stored.failed_rules
        from {{ checked[entity] }} as stored
        where
            stored.load_id = seen.load_id
            and stored.row_id = seen.row_id
            and (stored.failed_rules is null or stored.build <= {{ mark }})
        offset 0
    ) as stored
    where judged.build > {{ mark }}

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
