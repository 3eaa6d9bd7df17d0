{{ config(
    incremental_strategy="delete+insert",
    unique_key="customer_id",
) }}

{%- set tracked = [
    "first_name", "last_name", "email", "phone", "street", "city", "state",
    "postal_code", "country", "segment", "is_deleted",
] %}

with

versions as (

    select
        *,
        op = 'D' as is_deleted
    from {{ ref("valid_customers") }}
    {{ where_changed("customer_id", {"customers": "customer_id"}) }}

),

compared as (

    select
        *,
        {%- for column in tracked %}
        {{ column }} is not distinct from lag({{ column }}) over history
        {{- " and" if not loop.last }}
        {%- endfor %}
        and lag(customer_id) over history is not null as repeats_the_one_before
    from versions
    window history as (
        partition by customer_id
        order by updated_at
    )

),

final as (

    select
        customer_id,
        updated_at as valid_from,
        lead(updated_at) over (
            partition by customer_id
            order by updated_at
        ) as valid_to,
        source,
        {%- for column in tracked %}
        {{ column }},
        {%- endfor %}
        registered_at
    from compared
    where not repeats_the_one_before

)

select * from final
