{{ config(unique_key="supplier_id", meta={"changes": {"key": "supplier_id"}}) }}

with

versions as (

    select *
    from {{ ref("supplier_history") }}
    {{ where_keys_changed("supplier_id", "supplier_history") }}

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
    from versions
    where valid_to is null

)

select * from final
