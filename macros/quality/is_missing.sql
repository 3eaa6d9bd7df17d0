{#
    The condition of a rule: no value was delivered. One that could not be cast was
    delivered, and breaks its type's rule.
#}
{% macro is_missing(column) -%}
    {{ column }} is null
    and coalesce(',' || uncastable || ',' not like '%,{{ column }},%', true)
{%- endmacro %}
