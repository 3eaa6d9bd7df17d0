{# The condition of a merge: target and source differ in one of the columns. #}
{% macro differs(columns) -%}
    {%- for column in columns %}
        target.{{ column }} is distinct from source.{{ column }}{{ " or" if not loop.last }}
    {%- endfor %}
{%- endmacro %}
