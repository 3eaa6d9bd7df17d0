{#
    The rows of one entity from every source that is built and delivers it (variables
    `sources` and `delivers`), in the columns given; typed but empty where none does.

    columns:  {column: type, ...}
    new_only: only the rows of loads of which this model holds no row yet
#}
{% macro union_sources(entity, columns, new_only=false) -%}
    {%- set relations = [] -%}
    {%- for source in var("sources") if entity in var("delivers")[source] -%}
        {%- do relations.append(ref("stg_" ~ source ~ "__" ~ entity)) -%}
    {%- endfor -%}
    {%- set new_loads = loads_not_held(relations) if new_only -%}

    {%- for relation in relations -%}
    select {{ columns | join(", ") }}
    from {{ relation }}
        {%- if new_only %}
    where load_id in ({{ new_loads | join(", ") or "null" }})
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
