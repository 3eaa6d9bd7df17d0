-- Which categories have the best margins, and which the worst?
--
-- Category and cost are the product's at the time of the sale. The five best and the five worst of
-- each source and currency, where the cost is known.

with

sales as (

    select * from {{ ref("fct_sales") }}
    where margin_amount is not null

),

products as (

    select * from {{ ref("dim_products") }}

),

categories as (

    select
        sales.source,
        sales.currency,
        products.category_id,
        products.category_name,
        sum(sales.quantity) as units,
        sum(sales.net_amount) as net_amount,
        sum(sales.margin_amount) as margin_amount
    from sales
    inner join products
        on
            sales.product_id = products.product_id
            and sales.product_valid_from = products.valid_from
    group by sales.source, sales.currency, products.category_id, products.category_name
    having sum(sales.net_amount) > 0

),

ranked as (

    select
        *,
        row_number() over best_first as place,
        count(*) over (partition by source, currency) as places
    from categories
    window best_first as (
        partition by source, currency
        order by margin_amount / net_amount desc, category_id asc
    )

),

final as (

    select
        source,
        currency,
        place,
        category_id,
        category_name,
        units,
        round(net_amount, 2) as net_amount,
        round(margin_amount, 2) as margin_amount,
        round(100 * margin_amount / net_amount, 1) as margin_percent
    from ranked
    where place <= 5 or place > places - 5

)

select * from final
order by source, currency, place
