{{ config(unique_key="product_id") }}

with

-- A version without a name loses to any that has one.
latest as (

    {{ latest_extract("products", order_by="product_name is null") }}

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
    from latest

)

select * from final
