{%- set columns = {
    "source": "text",
    "return_id": "text",
    "order_item_id": "text",
    "product_id": "text",
    "customer_id": "text",
    "currency": "text",
    "reason": "text",
    "quantity": "bigint",
    "refund_amount": "numeric",
    "returned_at": "timestamptz",
} -%}

{%- set unique = ["return_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "return_id_missing", "fails_when": "return_id is null"},
    {
        "name": "order_item_id_missing",
        "fails_when": "order_item_id is null and product_id is null",
    },
    {"name": "currency_missing", "fails_when": "currency is null"},
    {"name": "currency_malformed", "fails_when": "currency !~ '^[A-Z]{3}$'"},
    {"name": "quantity_missing", "fails_when": is_missing("quantity")},
    {"name": "quantity_not_positive", "fails_when": "quantity <= 0"},
    {"name": "refund_amount_missing", "fails_when": is_missing("refund_amount")},
    {"name": "refund_not_positive", "fails_when": "refund_amount <= 0"},
    {"name": "returned_at_missing", "fails_when": is_missing("returned_at")},
    {"name": "reason_unknown", "column": "reason", "references": "return_reasons"},
    {
        "name": "order_item_unknown",
        "column": "order_item_id",
        "references": "valid_order_items",
    },
    {"name": "product_unknown", "column": "product_id", "references": "valid_products"},
    {
        "name": "customer_unknown",
        "column": "customer_id",
        "references": "valid_customers",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("returns", unique), meta={"rules": rules}) }}

{{ checked("returns", columns, rules) }}
