{#
    A lateral subquery: the rows of a relation for which a condition holds that names columns
    of what it is joined to. They are looked up by index, row by row: without `offset 0`
    PostgreSQL could turn it into a join and, where it thinks there are many rows to look
    up, read the whole relation.
#}
{% macro looked_up(relation, condition) -%}
    lateral (select * from {{ relation }} where {{ condition }} offset 0)
{%- endmacro %}
