{%- set columns = {
    "source": "text",
    "shipment_id": "text",
    "order_id": "text",
    "carrier": "text",
    "tracking_number": "text",
    "shipped_at": "timestamptz",
    "delivered_at": "timestamptz",
} -%}

{%- set unique = ["shipment_id"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "shipment_id_missing", "fails_when": "shipment_id is null"},
    {"name": "order_id_missing", "fails_when": "order_id is null"},
    {"name": "carrier_missing", "fails_when": "carrier is null"},
    {"name": "shipped_at_missing", "fails_when": is_missing("shipped_at")},
    {"name": "delivered_before_shipped", "fails_when": "delivered_at < shipped_at"},
    {"name": "order_unknown", "column": "order_id", "references": "valid_orders"},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("shipments", unique), meta={"rules": rules}) }}

{{ checked("shipments", columns, rules) }}
