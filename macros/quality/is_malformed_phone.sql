{#
    The condition of a rule: staging has not made a number of it, or one that is too short
    to be one or longer than the 15 digits of E.164.
#}
{% macro is_malformed_phone(column) -%}
    {{ column }} !~ '^[+]?[0-9]{7,15}$'
{%- endmacro %}
