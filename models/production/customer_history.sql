{{ config(
    unique_key=["customer_id", "valid_from"],
    meta={"replaces": "customer_id", "changes": {"key": "customer_id"}},
) }}

{%- set tracked = [
    "first_name", "last_name", "email", "phone", "street", "city", "state",
    "postal_code", "country", "segment", "birth_date", "registered_at", "is_deleted",
] %}

with

versions as (

    select
        *,
        op = 'D' as is_deleted
    from {{ ref("valid_customers") }}
    {{ where_changed("customer_id", {"customers": "customer_id"}) }}

),

described as (

    select
        *,
        cast(row({{ tracked | join(", ") }}) as text) as description
    from versions

),

compared as (

    select
        *,
        lag(description) over (
            partition by customer_id
            order by updated_at
        ) as description_before
    from described

),

final as (

    select
        customer_id,
        updated_at as valid_from,
        lead(updated_at) over (
            partition by customer_id
            order by updated_at
        ) as valid_to,
        {%- for column in tracked %}
        {{ column }},
        {%- endfor %}
        source
    from compared
    where description is distinct from description_before

)

select * from final
