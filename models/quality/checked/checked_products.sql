{%- set columns = {
    "source": "text",
    "product_id": "text",
    "product_name": "text",
    "brand": "text",
    "category_id": "text",
    "supplier_id": "text",
    "currency": "text",
    "list_price": "numeric",
    "unit_cost": "numeric",
    "is_active": "boolean",
    "is_goods": "boolean",
    "updated_at": "timestamptz",
    "is_full_extract": "boolean",
} -%}

{%- set unique = ["batch", "product_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "product_id_missing", "fails_when": "product_id is null"},
    {
        "name": "product_name_missing",
        "fails_when": "product_name is null and list_price is not null",
    },
    {
        "name": "currency_missing",
        "fails_when": "currency is null and list_price is not null",
    },
    {"name": "currency_malformed", "fails_when": "currency !~ '^[A-Z]{3}$'"},
    {"name": "price_not_positive", "fails_when": "list_price <= 0"},
    {"name": "cost_negative", "fails_when": "unit_cost < 0"},
    {
        "name": "category_unknown",
        "column": "category_id",
        "references": "valid_categories",
    },
    {
        "name": "supplier_unknown",
        "column": "supplier_id",
        "references": "valid_suppliers",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("products", unique), meta={"rules": rules}) }}

{{ checked("products", columns, rules) }}
