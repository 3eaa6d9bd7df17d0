with

invoice_lines as (

    select * from {{ ref('stg_online_retail__invoice_lines') }}

),

charges as (

    select * from {{ ref('online_retail_charges') }}

),

-- Lines without a price hold the stock room's remarks ('damages', '?'), not
-- descriptions. A code that a file sells on no line has a version without a name, which
-- loses to any that has one.
versions as (

    select
        source,
        load_id,
        product_id,
        stock_code,
        (
            array_agg(description order by invoiced_at desc, row_id desc)
            filter (where unit_price > 0 and description is not null)
        )[1] as product_name,
        max(invoiced_at) as updated_at,
        min(row_id) as row_id
    from invoice_lines
    group by source, load_id, product_id, stock_code

),

final as (

    select
        versions.source,
        versions.product_id,
        versions.product_name,
        cast(null as text) as brand,
        cast(null as text) as category_id,
        cast(null as text) as supplier_id,
        cast(null as text) as currency,
        cast(null as numeric) as list_price,
        cast(null as numeric) as unit_cost,
        true as is_active,
        charges.stock_code is null as is_goods,
        versions.updated_at,
        false as is_full_extract,
        cast(null as text) as uncastable,
        versions.load_id,
        versions.row_id,
        jsonb_build_object(
            'StockCode', versions.stock_code,
            'Description', versions.product_name
        ) as record
    from versions
    left join charges on versions.stock_code = charges.stock_code

)

select * from final
