{{ config(
    unique_key="product_id",
    indexes=[{"columns": ["category_id"]}, {"columns": ["supplier_id"]}],
) }}

with

versions as (

    select *
    from {{ ref("product_history") }}
    {{ where_keys_changed("product_id", "product_history") }}

),

final as (

    select
        product_id,
        source,
        category_id,
        supplier_id,
        product_name,
        brand,
        currency,
        list_price,
        unit_cost,
        is_active,
        is_goods,
        is_deleted,
        updated_at
    from versions
    where valid_to is null

)

select * from final
