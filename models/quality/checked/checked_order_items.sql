{%- set columns = {
    "source": "text",
    "order_item_id": "text",
    "order_id": "text",
    "product_id": "text",
    "line_number": "bigint",
    "quantity": "bigint",
    "unit_price": "numeric",
    "discount_amount": "numeric",
    "line_total": "numeric",
} -%}

{%- set unique = ["order_item_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "order_item_id_missing", "fails_when": "order_item_id is null"},
    {"name": "order_id_missing", "fails_when": "order_id is null"},
    {"name": "product_id_missing", "fails_when": "product_id is null"},
    {"name": "quantity_missing", "fails_when": is_missing("quantity")},
    {"name": "quantity_not_positive", "fails_when": "quantity <= 0"},
    {"name": "unit_price_missing", "fails_when": is_missing("unit_price")},
    {"name": "price_not_positive", "fails_when": "unit_price <= 0"},
    {"name": "discount_negative", "fails_when": "discount_amount < 0"},
    {"name": "line_number_not_positive", "fails_when": "line_number <= 0"},
    {
        "name": "discount_above_amount",
        "fails_when": (
            "quantity > 0 and unit_price > 0 "
            ~ "and discount_amount > quantity * unit_price"
        ),
    },
    {
        "name": "line_total_wrong",
        "fails_when": (
            "quantity > 0 and unit_price > 0 "
            ~ "and line_total <> quantity * unit_price - discount_amount"
        ),
    },
    {"name": "order_unknown", "column": "order_id", "references": "valid_orders"},
    {"name": "product_unknown", "column": "product_id", "references": "valid_products"},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("order_items", unique), meta={"rules": rules}) }}

{{ checked("order_items", columns, rules) }}
