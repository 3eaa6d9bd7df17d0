{#
    The rows of quarantine whose state may be another one since rows of their key were
    judged: those that are held, those that are judged sound themselves, and, where one of the
    key was judged broken, those that are corrected. Rows that are taken in anew are not among
    them. `offset 0`: found row by row, by index (see checked).

    mark: the last build that quarantine has consumed
#}
{% macro rows_touched(entity, mark) -%}
    {%- set key = var("entities")[entity] -%}
    select distinct on (seen.load_id, seen.row_id)
        seen.*,
        stored.batch,
        stored.failed_rules is null as is_released
    from {{ ref("checked_" ~ entity) }} as judged
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
        from {{ ref("checked_" ~ entity) }} as stored
        where
            stored.load_id = seen.load_id
            and stored.row_id = seen.row_id
            and (stored.failed_rules is null or stored.build <= {{ mark }})
        offset 0
    ) as stored
    where judged.build > {{ mark }}
{%- endmacro %}
