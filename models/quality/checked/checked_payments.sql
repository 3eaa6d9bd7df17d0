{%- set columns = {
    "source": "text",
    "payment_id": "text",
    "order_id": "text",
    "payment_method": "text",
    "status": "text",
    "currency": "text",
    "amount": "numeric",
    "paid_at": "timestamptz",
} -%}

{%- set unique = ["payment_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "payment_id_missing", "fails_when": "payment_id is null"},
    {"name": "order_id_missing", "fails_when": "order_id is null"},
    {"name": "payment_method_missing", "fails_when": "payment_method is null"},
    {
        "name": "status_unknown",
        "fails_when": "status is null or status not in ('captured', 'failed', 'refunded')",
    },
    {"name": "currency_missing", "fails_when": "currency is null"},
    {"name": "currency_malformed", "fails_when": "currency !~ '^[A-Z]{3}$'"},
    {"name": "amount_missing", "fails_when": is_missing("amount")},
    {"name": "amount_not_positive", "fails_when": "amount <= 0"},
    {"name": "paid_at_missing", "fails_when": is_missing("paid_at")},
    {
        "name": "payment_method_unknown",
        "column": "payment_method",
        "references": "payment_methods",
    },
    {"name": "order_unknown", "column": "order_id", "references": "valid_orders"},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("payments", unique), meta={"rules": rules}) }}

{{ checked("payments", columns, rules) }}
