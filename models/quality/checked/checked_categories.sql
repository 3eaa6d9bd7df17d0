{%- set columns = {
    "source": "text",
    "category_id": "text",
    "category_name": "text",
    "parent_category_id": "text",
    "is_full_extract": "boolean",
} -%}

{%- set unique = ["batch", "category_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "category_id_missing", "fails_when": "category_id is null"},
    {"name": "category_name_missing", "fails_when": "category_name is null"},
    {
        "name": "parent_category_unknown",
        "column": "parent_category_id",
        "references": "rooted_categories",
        "key": "category_id",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("categories", unique), meta={"rules": rules}) }}

{{ checked("categories", columns, rules) }}
