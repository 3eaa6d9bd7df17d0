{#
    dbt's safe_cast for PostgreSQL: the value of a text as another type, or null where
    the text is not one (see is_castable). Numbers stay `numeric` without a scale: a
    scale would round in silence.
#}
{% macro postgres__safe_cast(field, type) -%}
    case when {{ is_castable(field, type) }} then cast({{ field }} as {{ type }}) end
{%- endmacro %}
