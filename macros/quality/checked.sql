{#
    The select of a checked_<entity> model: every delivered row of the entity, typed,
    with the names of the rules that it breaks (`failed_rules`, null for a valid row).
    The model itself is the list of its columns and rules.

    entity:  one of the variable `entities`, which names its key
    columns: {column: type, ...}, the same in every source's staging
    rules:   a list of mappings, each with a "name" and one of
        "fails_when": a condition over the row's own columns;
        "references" and "column": a model, and the column whose value, where there is
            one, must be found there (in the column of the same name, or the one named
            by "key"). A row held for this is checked again by the build that finds the
            missing row;
        "unique": columns that no two valid rows share. Of the rows that break no other
            rule, the first delivered stands: by batch, file and line, whatever the
            order in which the files were loaded.

    A build checks the rows of new loads, the held rows whose missing row has come, and
    the rows that share a key with one of these. All are judged by their stored columns:
    history is never cast twice.

    A full refresh casts what raw holds anew. Of loads whose rows were pruned from raw, the
    rows stored here are all there is: they are judged anew as they are.
#}
{% macro checked(entity, columns, rules) -%}
{%- set key = var("entities")[entity] -%}
{%- set references = rules | selectattr("references", "defined") | list -%}
{%- set unique = rules | selectattr("unique", "defined") | first -%}
{%- set own_rules = rules | selectattr("fails_when", "defined") | list -%}
{%- for rule in references -%}
    {%- do own_rules.append({
        "name": rule.name,
        "fails_when": "rows_to_check." ~ rule.column ~ " is not null and "
            ~ rule.name ~ ".known_key is null",
    }) -%}
{%- endfor -%}
{%- set delivered_columns = dict(columns, uncastable="text", load_id="bigint", row_id="bigint") -%}
{%- set stored = columns.keys() | list + ["uncastable", "batch", "load_id", "row_id"] -%}
{%- set held_columns = columns_held() if not is_incremental() else [] -%}
with

loads as (

    select * from {{ ref("stg_loader__loads") }}

),
{%- for rule in references %}

{{ rule.name }} as (

    select distinct {{ rule.key or rule.column }} as known_key
    from {{ ref(rule.references) }}

),
{%- endfor %}

delivered as (

    {{ union_sources(entity, delivered_columns, new_only=is_incremental()) }}

),

new_rows as (

    select
        delivered.*,
        loads.batch
    from delivered
    inner join loads on delivered.load_id = loads.load_id

),
{%- if is_incremental() %}

keys_to_check as (

    select {{ key }}
    from new_rows
    {%- for rule in references %}

    union

    select held.{{ key }}
    from {{ this }} as held
    inner join {{ ref(rule.references) }} as found
        on held.{{ rule.column }} = found.{{ rule.key or rule.column }}
    where held.failed_rules like '%{{ rule.name }}%'
    {%- endfor %}

),

rows_to_check as (

    select {{ stored | join(", ") }}
    from new_rows

    union all

    select {{ stored | join(", ") }}
    from {{ this }}
    where {{ key }} in (select {{ key }} from keys_to_check)

),
{%- else %}

rows_to_check as (

    select {{ stored | join(", ") }}
    from new_rows
    {%- if held_columns %}

    union all

    select
        {%- for column in stored %}
        cast(
            {{- column if column in held_columns else "null" }} as
            {{- " " ~ dict(delivered_columns, batch="text")[column] -}}
        ) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ this }}
    where load_id in (select load_id from loads where pruned_at is not null)
    {%- endif %}

),
{%- endif %}

judged as (

    select
        rows_to_check.*,
        {{ failed_rules(own_rules) }} as own_failed_rules
    from rows_to_check
    {%- for rule in references %}
    left join {{ rule.name }}
        on rows_to_check.{{ rule.column }} = {{ rule.name }}.known_key
    {%- endfor %}

),

repeated_keys as (

    select {{ unique.unique | join(", ") }}
    from judged
    where own_failed_rules is null
    group by {{ unique.unique | join(", ") }}
    having count(*) > 1

),

repeats as (

    select
        judged.load_id,
        judged.row_id,
        row_number() over (
            partition by judged.{{ unique.unique | join(", judged.") }}
            order by judged.batch, loads.file, judged.row_id
        ) as occurrence
    from judged
    inner join repeated_keys using ({{ unique.unique | join(", ") }})
    inner join loads on judged.load_id = loads.load_id
    where judged.own_failed_rules is null

),

final as (

    select
        {%- for column in stored %}
        judged.{{ column }},
        {%- endfor %}
        coalesce(
            judged.own_failed_rules,
            case when repeats.occurrence > 1 then '{{ unique.name }}' end
        ) as failed_rules,
        {{ this_build() }} as build
    from judged
    left join repeats
        on
            judged.load_id = repeats.load_id
            and judged.row_id = repeats.row_id

)

select * from final
{%- endmacro %}
