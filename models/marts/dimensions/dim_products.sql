with

versions as (

    select * from {{ ref("products_snapshot") }}

),

categories as (

    select * from {{ ref("categories") }}

),

suppliers as (

    select * from {{ ref("suppliers") }}

),

-- A version begins when the source says that it changed the product, or, where the
-- source does not say, when the snapshot first saw it. The first version of a product
-- holds for all the time before it too.
dated as (

    select
        *,
        row_number() over history as version,
        case
            when updated_at > lag(updated_at) over history then updated_at
            else dbt_valid_from
        end as begins_at
    from versions
    window history as (
        partition by product_id
        order by dbt_valid_from
    )

),

bounded as (

    select
        *,
        case
            when version = 1 then timestamptz '1900-01-01 00:00:00+00'
            else begins_at
        end as valid_from,
        lead(begins_at) over (
            partition by product_id
            order by version
        ) as valid_to
    from dated

),

final as (

    select
        bounded.product_id,
        bounded.version,
        bounded.valid_from,
        bounded.valid_to,
        bounded.valid_to is null as is_current,
        bounded.source,
        bounded.product_name,
        bounded.brand,
        bounded.category_id,
        categories.category_name,
        bounded.supplier_id,
        suppliers.supplier_name,
        bounded.currency,
        bounded.list_price,
        bounded.unit_cost,
        bounded.is_active,
        bounded.is_goods,
        bounded.is_deleted
    from bounded
    left join categories on bounded.category_id = categories.category_id
    left join suppliers on bounded.supplier_id = suppliers.supplier_id

)

select * from final
