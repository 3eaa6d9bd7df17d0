{{ config(
    unique_key=["supplier_id", "valid_from"],
    indexes=[{"columns": ["source", "valid_to"]}, {"columns": ["source", "batch"]}],
    meta={"replaces": "supplier_id", "changes": {"key": "supplier_id"}},
) }}

{{ extract_history(
    "suppliers", ["supplier_name", "contact_email", "phone", "country"]
) }}
