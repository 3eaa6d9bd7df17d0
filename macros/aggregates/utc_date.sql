{# The UTC day of a time. #}
{% macro utc_date(time) -%}
    cast({{ time }} at time zone 'UTC' as date)
{%- endmacro %}
