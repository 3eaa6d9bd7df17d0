{%- set columns = {
    "source": "text",
    "category_id": "text",
    "category_name": "text",
    "parent_category_id": "text",
    "is_full_extract": "boolean",
} -%}

{%- set rules = type_rules(columns) + [
    {"name": "category_id_missing", "fails_when": "category_id is null"},
    {
        "name": "parent_category_unknown",
        "column": "parent_category_id",
        "references": "rooted_categories",
        "key": "category_id",
    },
    {"name": "duplicate_key", "unique": ["category_id", "batch"]},
] -%}

{{ config(indexes=checked_indexes("categories"), meta={"rules": rules}) }}

{{ checked("categories", columns, rules) }}
