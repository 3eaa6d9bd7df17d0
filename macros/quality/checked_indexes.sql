{#
    The indexes of a checked table: its own identity, the columns that no two valid rows
    share, the key where these begin with something else, and the build that judged a row,
    by which the layers to the right find what has changed. Those of held rows are made by
    `index_held_rows`.

    unique: the columns that no two valid rows share
#}
{% macro checked_indexes(entity, unique) -%}
    {%- set indexes = [
        {"columns": ["load_id", "row_id"], "unique": true},
        {"columns": unique},
        {"columns": ["build"]},
    ] -%}
    {%- set key = var("entities")[entity] -%}
    {%- if unique[0] != key -%}
        {%- do indexes.append({"columns": [key]}) -%}
    {%- endif -%}
    {{ return(indexes) }}
{%- endmacro %}
