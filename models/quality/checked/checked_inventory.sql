{%- set columns = {
    "source": "text",
    "inventory_id": "text",
    "product_id": "text",
    "warehouse_code": "text",
    "quantity_on_hand": "bigint",
    "reorder_point": "bigint",
    "counted_at": "timestamptz",
    "is_full_extract": "boolean",
} -%}

{%- set unique = ["batch", "inventory_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "product_id_missing", "fails_when": "product_id is null"},
    {"name": "warehouse_code_missing", "fails_when": "warehouse_code is null"},
    {"name": "quantity_missing", "fails_when": is_missing("quantity_on_hand")},
    {"name": "quantity_negative", "fails_when": "quantity_on_hand < 0"},
    {"name": "reorder_point_negative", "fails_when": "reorder_point < 0"},
    {"name": "product_unknown", "column": "product_id", "references": "valid_products"},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("inventory", unique), meta={"rules": rules}) }}

{{ checked("inventory", columns, rules) }}
