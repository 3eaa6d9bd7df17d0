{%- set columns = {
    "source": "text",
    "customer_id": "text",
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "phone": "text",
    "street": "text",
    "city": "text",
    "state": "text",
    "postal_code": "text",
    "country": "text",
    "segment": "text",
    "op": "text",
    "registered_at": "timestamptz",
    "updated_at": "timestamptz",
} -%}

{%- set rules = type_rules(columns) + [
    {"name": "customer_id_missing", "fails_when": "customer_id is null"},
    {
        "name": "email_malformed",
        "fails_when": "email !~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$'",
    },
    {
        "name": "operation_unknown",
        "fails_when": "op is null or op not in ('I', 'U', 'D')",
    },
    {"name": "updated_at_missing", "fails_when": is_missing("updated_at")},
    {"name": "duplicate_key", "unique": ["customer_id", "updated_at"]},
] -%}

{{ config(indexes=checked_indexes("customers"), meta={"rules": rules}) }}

{{ checked("customers", columns, rules) }}
