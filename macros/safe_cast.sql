{#
    The value of a text column as another type, or null where the text is not one (see
    is_castable). Numbers stay `numeric` without a scale: a scale would round in
    silence.
#}
{% macro safe_cast(column, type) -%}
    case when {{ is_castable(column, type) }} then cast({{ column }} as {{ type }}) end
{%- endmacro %}
