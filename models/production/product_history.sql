{{ config(
    unique_key=["product_id", "valid_from"],
    indexes=[
        {"columns": ["source", "valid_to"]},
        {"columns": ["source", "batch"]},
        {"columns": ["category_id"]},
        {"columns": ["supplier_id"]},
    ],
    meta={"replaces": "product_id", "changes": {"key": "product_id"}},
) }}

{%- set tracked = [
    "category_id", "supplier_id", "product_name", "brand", "currency", "list_price",
    "unit_cost", "is_active", "is_goods",
] %}

-- A version without a name counts for nothing beside any that has one.
{{ extract_history("products", tracked, loses_when="product_name is null") }}
