{%- set columns = {
    "source": "text",
    "review_id": "text",
    "order_id": "text",
    "product_id": "text",
    "customer_id": "text",
    "rating": "bigint",
    "title": "text",
    "body": "text",
    "created_at": "timestamptz",
} -%}

{%- set unique = ["review_id"] -%}

{%- set rules = type_rules(columns, ranges={"rating": [1, 5]}) + [
    {"name": "review_id_missing", "fails_when": "review_id is null"},
    {"name": "product_id_missing", "fails_when": "product_id is null"},
    {"name": "rating_missing", "fails_when": is_missing("rating")},
    {"name": "created_at_missing", "fails_when": is_missing("created_at")},
    {"name": "order_unknown", "column": "order_id", "references": "valid_orders"},
    {"name": "product_unknown", "column": "product_id", "references": "valid_products"},
    {
        "name": "customer_unknown",
        "column": "customer_id",
        "references": "valid_customers",
    },
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("reviews", unique), meta={"rules": rules}) }}

{{ checked("reviews", columns, rules) }}
