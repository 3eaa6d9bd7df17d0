{#
    A select that puts the sums of a relation below each other: layer, source, currency,
    order_date, measure, figure. Those that are 0 say nothing.

    measures: the columns that hold them
#}
{% macro figures_of(relation, measures) -%}
    select
        summed.layer,
        summed.source,
        summed.currency,
        summed.order_date,
        measures.measure,
        measures.figure
    from {{ relation }} as summed
    cross join lateral (
        values
        {%- for measure in measures %}
        ('{{ measure }}', cast(summed.{{ measure }} as numeric)){{ "," if not loop.last }}
        {%- endfor %}
    ) as measures (measure, figure)
    where measures.figure <> 0
{%- endmacro %}
