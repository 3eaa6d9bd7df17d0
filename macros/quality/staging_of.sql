{#
    The staging models of one entity: those of every source that is built and delivers it
    (variables `sources` and `delivers`).

    Returns: list of relations
#}
{% macro staging_of(entity) %}
    {%- set relations = [] -%}
    {%- for source in var("sources") if entity in var("delivers")[source] -%}
        {%- do relations.append(ref("stg_" ~ source ~ "__" ~ entity)) -%}
    {%- endfor -%}
    {{ return(relations) }}
{% endmacro %}
