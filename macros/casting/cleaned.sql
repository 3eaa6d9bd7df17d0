{#
    A text without the white space around it, or null where nothing else was delivered. What
    it said before stays in raw, and in `record`.

    For texts that people write. Identifiers are taken as they are: one with a blank in it
    is another one, and what refers to nothing is held for that.

    case: upper or lower, for codes and other texts whose case means nothing
#}
{% macro cleaned(column, case=none) -%}
    nullif({{ case ~ "(" if case }}btrim({{ column }}, e' \t\r\n'){{ ")" if case }}, '')
{%- endmacro %}
