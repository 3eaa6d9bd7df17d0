{#
    The condition of a rule: a time that cannot have been yet. The bound is a variable
    (`latest_date`) and not the clock: the same row is judged the same on any day.
#}
{% macro is_in_future(column) -%}
    {{ column }} >= timestamptz '{{ var("latest_date") }} 00:00:00+00'
{%- endmacro %}
