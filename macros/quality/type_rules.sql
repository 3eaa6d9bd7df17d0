{#
    The rules of a column's type, for each column that was cast: what was delivered is of
    the type, and within what a shop can mean. Numbers have at most 15 digits before the
    point, or what `ranges` says of their column; days and times lie between the variables `earliest_date` and `latest_date`, and
    not the clock: the same row is judged the same on any day.

    columns: {column: type, ...}
    ranges:  {column: [least, greatest], ...}
#}
{% macro type_rules(columns, ranges={}) -%}
    {%- set kinds = {
        "numeric": "a_number",
        "bigint": "a_number",
        "date": "a_date",
        "timestamptz": "a_time",
        "boolean": "true_or_false",
    } -%}
    {%- set midnight = {"date": "", "timestamptz": " 00:00:00+00"} -%}
    {%- set rules = [] -%}
    {%- for column, type in columns.items() if type in kinds -%}
        {%- do rules.append({
            "name": column ~ "_not_" ~ kinds[type],
            "fails_when": "',' || uncastable || ',' like '%," ~ column ~ ",%'",
        }) -%}
        {%- if type in ("numeric", "bigint") -%}
            {%- set least, greatest = ranges.get(column, [-999999999999999, 999999999999999]) -%}
            {%- do rules.append({
                "name": column ~ "_out_of_range",
                "fails_when": column ~ " not between " ~ least ~ " and " ~ greatest,
            }) -%}
        {%- elif type in midnight -%}
            {%- do rules.append({
                "name": column ~ "_too_early",
                "fails_when": column ~ " < " ~ type
                    ~ " '" ~ var("earliest_date") ~ midnight[type] ~ "'",
            }) -%}
            {%- do rules.append({
                "name": column ~ "_in_future",
                "fails_when": column ~ " >= " ~ type
                    ~ " '" ~ var("latest_date") ~ midnight[type] ~ "'",
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}
