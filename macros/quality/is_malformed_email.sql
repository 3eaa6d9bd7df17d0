{# The condition of a rule: not one name, one @ and a host with a dot. #}
{% macro is_malformed_email(column) -%}
    {{ column }} !~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$'
{%- endmacro %}
