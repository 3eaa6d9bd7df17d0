{%- set columns = {
    "source": "text",
    "bid_id": "text",
    "product_id": "text",
    "customer_id": "text",
    "list_price": "numeric",
    "amount": "numeric",
    "currency": "text",
    "status": "text",
    "bid_at": "timestamptz",
} -%}

{%- set unique = ["bid_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "bid_id_missing", "fails_when": "bid_id is null"},
    {"name": "product_id_missing", "fails_when": "product_id is null"},
    {"name": "customer_id_missing", "fails_when": "customer_id is null"},
    {
        "name": "status_unknown",
        "fails_when": (
            "status is null or status not in ('open', 'accepted', 'rejected', 'expired')"
        ),
    },
    {"name": "currency_missing", "fails_when": "currency is null"},
    {"name": "currency_malformed", "fails_when": "currency !~ '^[A-Z]{3}$'"},
    {"name": "list_price_missing", "fails_when": is_missing("list_price")},
    {"name": "list_price_not_positive", "fails_when": "list_price <= 0"},
    {"name": "amount_missing", "fails_when": is_missing("amount")},
    {"name": "amount_not_positive", "fails_when": "amount <= 0"},
    {"name": "amount_not_below_price", "fails_when": "amount >= list_price"},
    {"name": "bid_at_missing", "fails_when": is_missing("bid_at")},
    {"name": "product_unknown", "column": "product_id", "references": "valid_products"},
    {
        "name": "customer_unknown",
        "column": "customer_id",
        "references": "valid_customers",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("bids", unique), meta={"rules": rules}) }}

{{ checked("bids", columns, rules) }}
