{#
    The names of the columns whose text is no value of their type, comma between, or
    null where all are: what tells a value that is not there from one that is there and
    is wrong. An empty text is one that is not there.

    types: {column: type, ...}
    texts: {column: expression, ...} where the source calls the text something else
#}
{% macro uncastable(types, texts={}) -%}
    nullif(concat_ws(
        ','
        {%- for column, type in types.items() %},
        {%- set text = texts.get(column, column) %}
        case
            when cast({{ text }} as text) <> '' and not ({{ is_castable(text, type) }})
                then '{{ column }}'
        end
        {%- endfor %}
    ), '')
{%- endmacro %}
