{{ config(unique_key="category_id", meta={"changes": {"key": "category_id"}}) }}

{%- set columns = ["category_id", "source", "parent_category_id", "category_name"] %}

{{ current_extract("categories", columns) }}
