{%- set columns = {
    "source": "text",
    "order_id": "text",
    "customer_id": "text",
    "status": "text",
    "currency": "text",
    "op": "text",
    "subtotal": "numeric",
    "discount_amount": "numeric",
    "tax_amount": "numeric",
    "shipping_fee": "numeric",
    "total": "numeric",
    "ordered_at": "timestamptz",
    "updated_at": "timestamptz",
} -%}

{%- set unique = ["order_id", "updated_at"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "order_id_missing", "fails_when": "order_id is null"},
    {"name": "status_missing", "fails_when": "status is null"},
    {"name": "currency_missing", "fails_when": "currency is null"},
    {"name": "currency_malformed", "fails_when": "currency !~ '^[A-Z]{3}$'"},
    {
        "name": "operation_unknown",
        "fails_when": "op is null or op not in ('I', 'U', 'D')",
    },
    {"name": "subtotal_negative", "fails_when": "subtotal < 0"},
    {"name": "discount_negative", "fails_when": "discount_amount < 0"},
    {"name": "tax_negative", "fails_when": "tax_amount < 0"},
    {"name": "shipping_fee_negative", "fails_when": "shipping_fee < 0"},
    {"name": "total_negative", "fails_when": "total < 0"},
    {
        "name": "total_wrong",
        "fails_when": "total <> subtotal - discount_amount + tax_amount + shipping_fee",
    },
    {"name": "ordered_at_missing", "fails_when": is_missing("ordered_at")},
    {"name": "updated_at_missing", "fails_when": is_missing("updated_at")},
    {"name": "updated_before_ordered", "fails_when": "updated_at < ordered_at"},
    {"name": "status_unknown", "column": "status", "references": "order_statuses"},
    {
        "name": "customer_unknown",
        "column": "customer_id",
        "references": "valid_customers",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("orders", unique), meta={"rules": rules}) }}

{{ checked("orders", columns, rules) }}
