{#
    The rows of one entity from every source that is built and delivers it, in the columns
    given; typed but empty where none does.

    columns: {column: type, ...}
    loads:   the ids of the loads whose rows are wanted; none: of all
    rows:    a relation with load_id and row_id of the rows that are wanted; none: all. What
        is costly to compute (`record`) is then computed for these alone
#}
{% macro union_sources(entity, columns, loads=none, rows=none) -%}
    {%- for relation in staging_of(entity) -%}
    select {{ columns | join(", ") }}
    from {{ relation }}
        {%- if loads is not none %}
    where load_id in ({{ loads | join(", ") or "null" }})
        {%- endif %}
        {%- if rows %}
    {{ "where" if loads is none else "and" }} (load_id, row_id) in (
        select load_id, row_id from {{ rows }}
    )
        {%- endif %}
        {%- if not loop.last %}

    union all

    {% endif %}
    {%- else -%}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}
