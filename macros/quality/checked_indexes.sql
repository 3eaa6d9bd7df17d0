{#
    The indexes of a checked table: its own identity, the key by which readers and later
    builds find their rows, and the build that judged it, by which the layers to the right
    find what has changed.
#}
{% macro checked_indexes(entity) -%}
    {{ return([
        {"columns": ["load_id", "row_id"], "unique": true},
        {"columns": [var("entities")[entity]]},
        {"columns": ["build"]},
    ]) }}
{%- endmacro %}
