{#
    Whether a text is a value of another type.

    PostgreSQL's own input functions take more than a source file should hold: 'NaN',
    'Infinity', 0x1F and 1_000 for numbers, 'now' and 'tomorrow' for times. A cheap look
    at the characters keeps these out of the types below before pg_input_is_valid, which
    alone decides on any other type. A regular expression costs half of what translate() does.
#}
{% macro is_castable(value, type) -%}
    {#- A no-op on a text column; the fixtures of dbt's unit tests bring other types. -#}
    {%- set text = "cast(" ~ value ~ " as text)" -%}
    {%- set looks_right = {
        "numeric": text ~ " ~ '^[0-9.-]*$'",
        "bigint": text ~ " ~ '^[0-9-]*$'",
        "date": text ~ " like '____-__-__'",
        "timestamp": text ~ " like '____-__-__%'",
        "timestamptz": text ~ " like '____-__-__%'",
    } -%}
    {%- if type in looks_right %}{{ looks_right[type] }} and {% endif -%}
    pg_input_is_valid({{ text }}, '{{ type }}')
{%- endmacro %}
