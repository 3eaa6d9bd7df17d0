{#
    The names of the rules that a row breaks, comma between, or null where it breaks
    none. A rule that evaluates to null does not fail: a missing value is a fault only
    where a rule says so.

    The names are put together only for a row that breaks a rule: most break none, and
    conditions alone cost a third of conditions with texts.

    rules: [{"name": ..., "fails_when": <SQL condition over the row>}, ...]
#}
{% macro failed_rules(rules) -%}
    case
        when
            {%- for rule in rules %}
            ({{ rule.fails_when }}){{ " or" if not loop.last }}
            {%- endfor %}
            then concat_ws(
                ','
                {%- for rule in rules %},
                case when {{ rule.fails_when }} then '{{ rule.name }}' end
                {%- endfor %}
            )
    end
{%- endmacro %}
