{#
    The latest valid row of each key of an entity that arrives as full extracts, with
    `is_deleted`: the newest extract of its source does not hold the key, neither sound
    nor broken. Batches decide, not the order of loading. Rows of sources that deliver
    versions instead (is_full_extract false) are never missed.

    An incremental build looks at the rows judged since and at the newest extract: the
    model keeps the batch of each of its rows, by which an older extract that comes late
    is known.

    columns: the columns of the model, besides is_deleted and batch
#}
{% macro current_extract(entity, columns) -%}
{%- set key = var("entities")[entity] -%}
{%- set checked_rows = ref("checked_" ~ entity) -%}
{%- set extracts = ref("full_extracts") -%}
with

valid_rows as (

    select *
    from {{ ref("valid_" ~ entity) }}
    {%- if is_incremental() %}
    where {{ is_judged_since() }}
    {%- endif %}

),

last_batches as (

    select
        {{ key }},
        max(batch) as batch
    from valid_rows
    group by {{ key }}

),

latest as (

    select valid_rows.*
    from valid_rows
    inner join last_batches
        on
            valid_rows.{{ key }} = last_batches.{{ key }}
            and valid_rows.batch = last_batches.batch

),

newest as (

    select
        source,
        max(batch) as batch
    from {{ extracts }}
    where
        entity = '{{ entity }}'
        {%- if is_incremental() %}
        and source in (select source from {{ checked_rows }} where {{ is_judged_since() }})
        {%- endif %}
    group by source

),

delivered as (

    select checked_rows.{{ key }}
    from newest
    inner join {{ checked_rows }} as checked_rows
        on
            newest.source = checked_rows.source
            and newest.batch = checked_rows.batch
    group by checked_rows.{{ key }}

),
{%- if is_incremental() %}

candidates as (

    select
        {%- for column in columns + ["batch"] %}
        latest.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from latest
    left join {{ this }} as held on latest.{{ key }} = held.{{ key }}
    where held.{{ key }} is null or latest.batch >= held.batch

    union all

    select
        {%- for column in columns + ["batch"] %}
        held.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from newest
    inner join {{ this }} as held on newest.source = held.source
    left join latest
        on
            held.{{ key }} = latest.{{ key }}
            and latest.batch >= held.batch
    where latest.{{ key }} is null

),
{%- else %}

candidates as (

    select * from latest

),
{%- endif %}

final as (

    select
        {%- for column in columns %}
        candidates.{{ column }},
        {%- endfor %}
        newest.batch is not null and delivered.{{ key }} is null as is_deleted,
        candidates.batch
    from candidates
    left join newest on candidates.source = newest.source
    left join delivered on candidates.{{ key }} = delivered.{{ key }}

)

select * from final
{%- endmacro %}
