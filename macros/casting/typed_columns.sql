{#
    A lateral subquery: columns of a relation as values of their types (see safe_cast), and
    `uncastable`, the names of those whose text is none, comma between, or null where all are:
    what tells a value that is not there from one that is there and is wrong. An empty text is
    one that is not there.

    Each text is looked at once: `offset 0` keeps PostgreSQL from putting the casts into
    `uncastable` again. That costs 22 s for 3.8 million orders where this costs 13 s.

    relation: what to join to
    types:    {column: type, ...}
    texts:    {column: name, ...} where the source calls the column something else
#}
{% macro typed_columns(relation, types, texts={}) -%}
    lateral (
        select
            *,
            nullif(concat_ws(
                ','
                {%- for column in types %},
                case
                    when
                        {{ column }} is null
                        and cast({{ relation }}.{{ texts.get(column, column) }} as text) <> ''
                        then '{{ column }}'
                end
                {%- endfor %}
            ), '') as uncastable
        from (
            select
                {%- for column, type in types.items() %}
                {{ safe_cast(relation ~ "." ~ texts.get(column, column), type) }} as {{ column }}
                {{- "," if not loop.last }}
                {%- endfor %}
            from (values (true)) as one_row (is_one)
            offset 0
        ) as cast_once
        offset 0
    )
{%- endmacro %}
