{# A list of names as SQL text literals, for `in (...)`. #}
{% macro quoted(names) -%}
    '{{ names | join("', '") }}'
{%- endmacro %}
