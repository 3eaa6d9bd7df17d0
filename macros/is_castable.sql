{#
    Whether the text in a column is a value of another type.

    PostgreSQL's own input functions take more than a source file should hold: 'NaN',
    'Infinity', 0x1F and 1_000 for numbers, 'now' and 'tomorrow' for times. A cheap look
    at the characters keeps these out before pg_input_is_valid decides.

    type: numeric | bigint | boolean | uuid | date | timestamp | timestamptz
#}
{% macro is_castable(column, type) -%}
    {%- set looks_right = {
        "numeric": "translate(" ~ column ~ ", '0123456789.-', '') = ''",
        "bigint": "translate(" ~ column ~ ", '0123456789-', '') = ''",
        "boolean": column ~ " is not null",
        "uuid": column ~ " is not null",
        "date": column ~ " like '____-__-__'",
        "timestamp": column ~ " like '____-__-__%'",
        "timestamptz": column ~ " like '____-__-__%'",
    } -%}
    {%- if type not in looks_right -%}
        {{ exceptions.raise_compiler_error("no safe cast to '" ~ type ~ "': use one of "
            ~ looks_right.keys() | join(", ")) }}
    {%- endif -%}
    {{ looks_right[type] }} and pg_input_is_valid({{ column }}, '{{ type }}')
{%- endmacro %}
