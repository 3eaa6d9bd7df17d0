{#
    dbt's merge, but it writes only the rows that differ: a build without news leaves
    every row as it was, and a row that has not changed costs no new version, no
    write-ahead log and no index entries.

    A model may say which rows are to vanish: `delete_when` under `meta` is a condition
    over `source`, the new rows. Rows of the table that match one of these are deleted.

    The new rows are analyzed first: how many there are decides whether the table is read
    by its index or as a whole.
#}
{% macro postgres__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = dest_columns | map(attribute="name") | list -%}
    {%- set excluded = config.get("merge_exclude_columns", default=[]) -%}
    {%- set updated = columns | reject("in", keys) | reject("in", excluded) | list -%}
    {%- set delete_when = config.get("meta", default={}).get("delete_when") -%}

    analyze {{ source }};
    merge into {{ target }} as target
    using {{ source }} as source
        on
            {%- for key in keys %}
            target.{{ key }} = source.{{ key }}{{ " and" if not loop.last }}
            {%- endfor %}
            {%- for predicate in incremental_predicates or [] %}
            and {{ predicate }}
            {%- endfor %}
    {%- if delete_when %}
    when matched and ({{ delete_when }}) then delete
    {%- endif %}
    {%- if updated %}
    when matched and (
        {%- for column in updated %}
        target.{{ column }} is distinct from source.{{ column }}{{ " or" if not loop.last }}
        {%- endfor %}
    ) then update set
        {%- for column in updated %}
        {{ column }} = source.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    {%- endif %}
    when not matched{% if delete_when %} and ({{ delete_when }}) is not true{% endif %} then
        insert ({{ columns | join(", ") }})
        values ({% for column in columns %}source.{{ column }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}
