{#
    A select of the sums of a relation's rows by source, currency and day.

    layer:    what the sums are called
    relation: with its alias `rows`, and the joins that it needs
    currency, date: expressions
    measures: {measure: expression, ...}
#}
{% macro sums_of(layer, relation, currency, date, measures) -%}
    select
        '{{ layer }}' as layer,
        rows.source,
        {{ currency }} as currency,
        {{ date }} as order_date
        {%- for measure, expression in measures.items() %},
        {{ expression }} as {{ measure }}
        {%- endfor %}
    from {{ relation }}
    group by rows.source, {{ currency }}, {{ date }}
{%- endmacro %}
