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
    "registered_at": "timestamptz",
    "updated_at": "timestamptz",
} -%}

{%- set rules = type_rules(columns) + [
    {"name": "customer_id_missing", "fails_when": "customer_id is null"},
    {
        "name": "last_name_missing",
        "fails_when": "last_name is null and first_name is not null",
    },
    {
        "name": "email_malformed",
        "fails_when": "email !~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$'",
    },
    {
        "name": "phone_malformed",
        "fails_when": (
            "phone !~ '^[+]?[0-9 ().-]+$' "
            ~ "or length(translate(phone, '+ ().-', '')) not between 7 and 15"
        ),
    },
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
    {"name": "registered_at_in_future", "fails_when": is_in_future("registered_at")},
    {"name": "updated_at_missing", "fails_when": is_missing("updated_at")},
    {"name": "duplicate_key", "unique": ["customer_id", "updated_at"]},
] -%}

{{ config(indexes=checked_indexes("customers"), meta={"rules": rules}) }}

{{ checked("customers", columns, rules) }}
