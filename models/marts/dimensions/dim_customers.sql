{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="customer_id",
    post_hook=["{{ set_high_water_mark() }}"],
) }}

with

customer_history as (

    select *
    from {{ ref("customer_history") }}
    {{ where_changed("customer_id", {"customers": "customer_id"}) }}

),

final as (

    select
        customer_id,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        source,
        nullif(concat_ws(' ', first_name, last_name), '') as customer_name,
        email,
        phone,
        street,
        city,
        state,
        postal_code,
        country,
        segment,
        is_deleted,
        registered_at
    from customer_history

)

select * from final
