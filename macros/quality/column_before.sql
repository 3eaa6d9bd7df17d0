{#
    What this model said of a row before the build, in one of its columns; looked up by the
    index of its key.

    row: the name of the row in the statement; it has load_id and row_id
#}
{% macro column_before(column, entity, row) -%}
    (
        select seen.{{ column }}
        from {{ this }} as seen
        where
            seen.entity = '{{ entity }}'
            and seen.load_id = {{ row }}.load_id
            and seen.row_id = {{ row }}.row_id
    )
{%- endmacro %}
