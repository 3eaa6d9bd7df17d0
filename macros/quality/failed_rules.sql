{#
    The names of the rules that a row breaks, comma between, or null where it breaks
    none. A rule that evaluates to null does not fail: a missing value is a fault only
    where a rule says so.

    rules: [{"name": ..., "fails_when": <SQL condition over the row>}, ...]
#}
{% macro failed_rules(rules) -%}
    nullif(concat_ws(
        ','
        {%- for rule in rules %},
        case when {{ rule.fails_when }} then '{{ rule.name }}' end
        {%- endfor %}
    ), '')
{%- endmacro %}
