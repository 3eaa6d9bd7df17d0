{%- set columns = {
    "source": "text",
    "supplier_id": "text",
    "supplier_name": "text",
    "contact_email": "text",
    "phone": "text",
    "country": "text",
    "updated_at": "timestamptz",
    "is_full_extract": "boolean",
} -%}

{%- set rules = type_rules(columns) + [
    {"name": "supplier_id_missing", "fails_when": "supplier_id is null"},
    {"name": "supplier_name_missing", "fails_when": "supplier_name is null"},
    {"name": "duplicate_key", "unique": ["supplier_id", "batch"]},
] -%}

{{ config(indexes=checked_indexes("suppliers"), meta={"rules": rules}) }}

{{ checked("suppliers", columns, rules) }}
