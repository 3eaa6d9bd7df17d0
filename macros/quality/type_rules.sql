{#
    The rules that say a delivered value must be of its column's type: one for each
    column that was cast.
#}
{% macro type_rules(columns) -%}
    {%- set kinds = {
        "numeric": "a_number",
        "bigint": "a_number",
        "timestamptz": "a_time",
        "boolean": "true_or_false",
    } -%}
    {%- set rules = [] -%}
    {%- for column, type in columns.items() if type in kinds -%}
        {%- do rules.append({
            "name": column ~ "_not_" ~ kinds[type],
            "fails_when": "',' || uncastable || ',' like '%," ~ column ~ ",%'",
        }) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}
