{#
    The select of a checked_<entity> model: every delivered row of the entity, typed,
    with the names of the rules that it breaks (`failed_rules`, null for a valid row).
    The model itself is the list of its columns and rules.

    entity:  one of the variable `entities`
    columns: {column: type, ...}, the same in every source's staging
    rules:   a list of mappings, each with a "name" and one of
        "fails_when": a condition over the row's own columns;
        "references" and "column": a model, and the column whose value, where there is
            one, must be found there (in the column of the same name, or the one named
            by "key"). A row held for this is checked again by the build that finds the
            missing row;
        "unique": columns that no two valid rows share. Of the rows that break no other
            rule, the first delivered stands: by batch, file and line, whatever the
            order in which the files were loaded;
        "repeats": the columns in which a row that does not stand must equal an earlier
            one to be held for this instead.

    A build checks the rows of new loads, the held rows whose missing row has come since
    the model was last built, and the rows that share the unique columns with one of
    these. All are judged by their stored columns: history is never cast twice. What it
    does not check, it does not read: few rows (see new_loads) find stored rows and
    parents one by one, by index. `offset 0` keeps PostgreSQL from making a join of
    that, which could read the whole table. Stored rows are written only where the
    verdict is another one.

    A full refresh casts what raw holds anew. Of loads whose rows were pruned from raw, the
    rows stored here are all there is: they are judged anew as they are.
#}
{% macro checked(entity, columns, rules) -%}
{%- set references = rules | selectattr("references", "defined") | list -%}
{%- set unique = rules | selectattr("unique", "defined") | first -%}
{%- set repeats = rules | selectattr("repeats", "defined") | first -%}
{%- set new = new_loads(entity) if is_incremental() else {"ids": none, "are_few": false} -%}
{%- set looked_up = [] -%}
{%- set own_rules = rules | selectattr("fails_when", "defined") | list -%}
{%- for rule in references -%}
    {%- do own_rules.append({
        "name": rule.name,
        "fails_when": "rows_to_check." ~ rule.column ~ " is not null and "
            ~ rule.name ~ ".known_key is null",
    }) -%}
    {#- Valid rows have an index of their key; seeds are small, and joined. -#}
    {%- if new.are_few and rule.references.startswith("valid_") -%}
        {%- do looked_up.append(rule.name) -%}
    {%- endif -%}
{%- endfor -%}
{%- set delivered_columns = dict(columns, uncastable="text", load_id="bigint", row_id="bigint") -%}
{%- set stored = columns.keys() | list + ["uncastable", "batch", "load_id", "row_id"] -%}
{%- set held_columns = columns_held() if not is_incremental() else [] -%}
{%- set mark = high_water_mark() if is_incremental() -%}
{%- set judged_columns = stored
    + (["is_new", "failed_rules_before"] if is_incremental() else []) + ["failed_rules"] -%}
{#- Whether a sound row shares its key with another. PostgreSQL knows nothing of rows that
    were loaded just now: it takes few for one, and would compare each with each. What
    cannot become a join is a hash. -#}
{%- set repeated -%}
    {%- if new.are_few -%}
    where (
        judged.own_failed_rules is null
        and (judged.{{ unique.unique | join(", judged.") }}) in (
            select {{ unique.unique | join(", ") }} from repeated_keys
        )
    )
    {%- else -%}
    left join repeated_keys using ({{ unique.unique | join(", ") }})
    where (judged.own_failed_rules is null and repeated_keys.is_repeated)
    {%- endif -%}
{%- endset -%}
with

ledger as not materialized (

    select * from {{ ref("stg_loader__loads") }}

),
{%- for rule in references if rule.name not in looked_up %}

{{ rule.name }} as (

    select distinct {{ rule.key or rule.column }} as known_key
    from {{ ref(rule.references) }}

),
{%- endfor %}

delivered as (

    {{ union_sources(entity, delivered_columns, loads=new.ids) }}

),

new_rows as (

    select
        delivered.*,
        ledger.batch
    from delivered
    inner join ledger on delivered.load_id = ledger.load_id
    {%- if is_incremental() %}
    where ledger.load_id in ({{ new.ids | join(", ") or "null" }})
    {%- endif %}
    -- Each value is cast once, here, and not again in each rule that looks at it.
    offset 0

),
{%- if is_incremental() %}

rows_waited_for as (
    {%- for rule in references %}
    {%- set parent_key = rule.key or rule.column %}

    select held.*
    from (
        select distinct {{ parent_key }} as key
        from {{ ref(rule.references) }}
        {%- if rule.references.startswith("valid_") %}
        where build > {{ mark }}
        {%- endif %}
    ) as parent
    cross join lateral (
        select {{ (stored + ["failed_rules"]) | join(", ") }}
        from {{ this }} as stored
        where
            stored.{{ rule.column }} = parent.key
            and stored.failed_rules like '%{{ rule.name }}%'
        offset 0
    ) as held
    {%- if not loop.last %}

    union
    {%- endif %}
    {%- else %}

    select {{ (stored + ["failed_rules"]) | join(", ") }}
    from {{ this }}
    where false
    {%- endfor %}

),

keys_to_check as (

    select {{ unique.unique | join(", ") }}
    from new_rows

    union

    select {{ unique.unique | join(", ") }}
    from rows_waited_for

),

stored_rows as (

    select *
    from rows_waited_for

    union

    select held.*
    from keys_to_check
    cross join lateral (
        select {{ (stored + ["failed_rules"]) | join(", ") }}
        from {{ this }} as stored
        where
            {%- for column in unique.unique %}
            stored.{{ column }} = keys_to_check.{{ column }}{{ " and" if not loop.last }}
            {%- endfor %}
        {%- if new.are_few %}
        offset 0
        {%- endif %}
    ) as held

),

rows_to_check as (

    select
        {{ stored | join(", ") }},
        true as is_new,
        cast(null as text) as failed_rules_before
    from new_rows

    union all

    select
        {{ stored | join(", ") }},
        false as is_new,
        failed_rules as failed_rules_before
    from stored_rows

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
    where load_id in (select load_id from ledger where pruned_at is not null)
    {%- endif %}

),
{%- endif %}

judged as (

    select
        rows_to_check.*,
        {{ failed_rules(own_rules) }} as own_failed_rules
    from rows_to_check
    {%- for rule in references %}
    {%- if rule.name in looked_up %}
    left join lateral (
        select parent.{{ rule.key or rule.column }} as known_key
        from {{ ref(rule.references) }} as parent
        where parent.{{ rule.key or rule.column }} = rows_to_check.{{ rule.column }}
        limit 1
    ) as {{ rule.name }} on true
    {%- else %}
    left join {{ rule.name }}
        on rows_to_check.{{ rule.column }} = {{ rule.name }}.known_key
    {%- endif %}
    {%- endfor %}

),

repeated_keys as (

    select
        {{ unique.unique | join(", ") }},
        true as is_repeated
    from judged
    where own_failed_rules is null
    group by {{ unique.unique | join(", ") }}
    having count(*) > 1

),

delivered_once as (

    select
        judged.*,
        judged.own_failed_rules as failed_rules
    from judged
    {{ repeated }} is not true

),

delivered_again as (

    select
        judged.*,
        (
            select ledger.file
            from ledger
            where ledger.load_id = judged.load_id
        ) as file
    from judged
    {{ repeated }} is true

),

numbered as (

    select
        *,
        row_number() over (
            partition by {{ unique.unique | join(", ") }}
            order by batch, file, row_id
        ) as occurrence,
        row_number() over (
            partition by {{ (unique.unique + repeats.repeats) | unique | join(", ") }}
            order by batch, file, row_id
        ) as copy
    from delivered_again

),

verdicts as (

    select {{ judged_columns | join(", ") }}
    from delivered_once

    union all

    select
        {{ judged_columns | reject("equalto", "failed_rules") | join(", ") }},
        case
            when copy > 1 then '{{ repeats.name }}'
            when occurrence > 1 then '{{ unique.name }}'
        end as failed_rules
    from numbered

),

final as (

    select
        {%- for column in stored %}
        {{ column }},
        {%- endfor %}
        failed_rules,
        {{ this_build() }} as build
    from verdicts
    {%- if is_incremental() %}
    where is_new or failed_rules is distinct from failed_rules_before
    {%- endif %}

)

select * from final
{%- endmacro %}
