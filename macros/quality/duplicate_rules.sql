{#
    The rules that say what no two valid rows share. Of sound rows with one key the first
    delivered stands; another one repeats a whole row (`duplicate_row`) where it equals an
    earlier one in every column as typed, and has the key alone in common otherwise.

    columns: {column: type, ...} of the entity
    key:     the columns that no two valid rows share
#}
{% macro duplicate_rules(columns, key) -%}
    {{ return([
        {"name": "duplicate_row", "repeats": columns | list},
        {"name": "duplicate_key", "unique": key},
    ]) }}
{%- endmacro %}
