{#
    The columns of a node that hold personal data: those with `pii: true` in their meta.

    Returns: list of names
#}
{% macro personal_columns(node) %}
    {%- set names = [] -%}
    {%- for column in node.columns.values() if column.config.meta.pii -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
