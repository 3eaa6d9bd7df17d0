-- Which suppliers earn the shop most?
--
-- Supplier and cost are the product's at the time of the sale. The ten greatest margins of each
-- source and currency, where the cost is known.

with

sales as (

    select * from {{ ref("fct_sales") }}
    where margin_amount is not null

),

products as (

    select * from {{ ref("dim_products") }}

),

suppliers as (

    select
        sales.source,
        sales.currency,
        products.supplier_id,
        max(products.supplier_name) as supplier_name,
        count(distinct sales.product_id) as products,
        sum(sales.quantity) as units,
        sum(sales.net_amount) as net_amount,
        sum(sales.margin_amount) as margin_amount
    from sales
    inner join products
        on
            sales.product_id = products.product_id
            and sales.product_valid_from = products.valid_from
    group by sales.source, sales.currency, products.supplier_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by source, currency
            order by margin_amount desc, supplier_id asc
        ) as place
    from suppliers

),

final as (

    select
        source,
        currency,
        place,
        supplier_id,
        supplier_name,
        products,
        units,
        round(net_amount, 2) as net_amount,
        round(margin_amount, 2) as margin_amount,
        round(100 * margin_amount / nullif(net_amount, 0), 1) as margin_percent
    from ranked
    where place <= 10

)

select * from final
order by source, currency, place
