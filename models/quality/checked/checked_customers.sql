{%- set columns = {
    "source": "text",
    "customer_id": "text",
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "phone": "text",
    "street": "text",
    "city": "text",
    "state": "text",
    "postal_code": "text",
    "country": "text",
    "segment": "text",
    "op": "text",
    "birth_date": "date",
    "registered_at": "timestamptz",
    "updated_at": "timestamptz",
} -%}

{%- set unique = ["customer_id", "updated_at"] -%}

{%- set rules = type_rules(columns) + [
    {"name": "customer_id_missing", "fails_when": "customer_id is null"},
    {
        "name": "last_name_missing",
        "fails_when": "last_name is null and first_name is not null",
    },
    {"name": "email_malformed", "fails_when": is_malformed_email("email")},
    {"name": "phone_malformed", "fails_when": is_malformed_phone("phone")},
    {"name": "country_unknown", "column": "country", "references": "countries"},
    {
        "name": "state_unknown",
        "fails_when": (
            "country in (select country from " ~ ref("states") ~ ") and "
            ~ "(country, state) not in (select country, state from " ~ ref("states") ~ ")"
        ),
    },
    {
        "name": "operation_unknown",
        "fails_when": "op is null or op not in ('I', 'U', 'D')",
    },
    {
        "name": "updated_before_registered",
        "fails_when": (
            "updated_at < registered_at "
            ~ "and registered_at < timestamptz '" ~ var("latest_date") ~ " 00:00:00+00'"
        ),
    },
    {"name": "updated_at_missing", "fails_when": is_missing("updated_at")},
] + duplicate_rules(columns, unique) -%}

{{ config(indexes=checked_indexes("customers", unique), meta={"rules": rules}) }}

{{ checked("customers", columns, rules) }}
