{#
    The rows of one entity from every source that is built and delivers it, in the columns
    given; typed but empty where none does.

    columns: {column: type, ...}
    loads:   the ids of the loads whose rows are wanted; none: of all
#}
{% macro union_sources(entity, columns, loads=none) -%}
    {%- for relation in staging_of(entity) -%}
    select {{ columns | join(", ") }}
    from {{ relation }}
        {%- if loads is not none %}
    where load_id in ({{ loads | join(", ") or "null" }})
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
