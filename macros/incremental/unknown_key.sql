{# The key of a dimension's unknown member, to which facts point that name no member. #}
{% macro unknown_key() -%}
    'unknown'
{%- endmacro %}
