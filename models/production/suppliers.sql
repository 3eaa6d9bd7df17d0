{{ config(unique_key="supplier_id") }}

with

latest as (

    {{ latest_extract("suppliers") }}

),

final as (

    select
        supplier_id,
        source,
        supplier_name,
        contact_email,
        phone,
        country,
        is_deleted,
        updated_at
    from latest

)

select * from final
