{{ config(unique_key="inventory_id", indexes=[{"columns": ["product_id"]}]) }}

{%- set columns = [
    "inventory_id", "source", "product_id", "warehouse_code", "quantity_on_hand",
    "reorder_point", "counted_at",
] %}

{{ current_extract("inventory", columns) }}
