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

{%- set unique = ["batch", "supplier_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "supplier_id_missing", "fails_when": "supplier_id is null"},
    {"name": "supplier_name_missing", "fails_when": "supplier_name is null"},
    {"name": "contact_email_malformed", "fails_when": is_malformed_email("contact_email")},
    {"name": "phone_malformed", "fails_when": is_malformed_phone("phone")},
    {"name": "country_unknown", "column": "country", "references": "countries"},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("suppliers", unique), meta={"rules": rules}) }}

{{ checked("suppliers", columns, rules) }}
