{{ config(unique_key="customer_id") }}

with

versions as (

    select *
    from {{ ref("valid_customers") }}
    {{ where_changed("customer_id", {"customers": "customer_id"}) }}

),

last_changes as (

    select
        customer_id,
        max(updated_at) as updated_at
    from versions
    group by customer_id

),

latest as (

    select versions.*
    from versions
    inner join last_changes
        on
            versions.customer_id = last_changes.customer_id
            and versions.updated_at = last_changes.updated_at

),

final as (

    select
        customer_id,
        source,
        first_name,
        last_name,
        email,
        phone,
        street,
        city,
        state,
        postal_code,
        country,
        segment,
        birth_date,
        op = 'D' as is_deleted,
        registered_at,
        updated_at
    from latest

)

select * from final
