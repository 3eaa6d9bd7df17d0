{{ config(unique_key="category_id") }}

with

latest as (

    {{ latest_extract("categories") }}

),

final as (

    select
        category_id,
        source,
        parent_category_id,
        category_name,
        is_deleted
    from latest

)

select * from final
