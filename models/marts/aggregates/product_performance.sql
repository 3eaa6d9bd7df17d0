with

sales as (

    select
        product_id,
        currency,
        count(*) as line_count,
        sum(quantity) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(net_amount) as net_amount
    from {{ ref("fct_sales") }}
    group by product_id, currency

),

returned as (

    select
        product_id,
        currency,
        sum(quantity) as returned_units,
        sum(refund_amount) as refund_amount
    from {{ ref("fct_returns") }}
    group by product_id, currency

),

products as (

    select * from {{ ref("products") }}

),

both_sides as (

    select
        coalesce(sales.product_id, returned.product_id) as product_id,
        coalesce(sales.currency, returned.currency) as currency,
        coalesce(sales.line_count, 0) as line_count,
        coalesce(sales.units, 0) as units,
        coalesce(sales.gross_amount, 0) as gross_amount,
        coalesce(sales.discount_amount, 0) as discount_amount,
        coalesce(returned.returned_units, 0) as returned_units,
        coalesce(returned.refund_amount, 0) as refund_amount,
        coalesce(sales.net_amount, 0) - coalesce(returned.refund_amount, 0) as net_amount
    from sales
    full join returned
        on
            sales.product_id = returned.product_id
            and sales.currency = returned.currency

),

final as (

    select
        both_sides.product_id,
        products.source,
        both_sides.currency,
        products.product_name,
        products.is_goods,
        both_sides.line_count,
        both_sides.units,
        both_sides.gross_amount,
        both_sides.discount_amount,
        both_sides.returned_units,
        both_sides.refund_amount,
        both_sides.net_amount,
        both_sides.net_amount
        - (both_sides.units - both_sides.returned_units) * products.unit_cost
            as margin_amount
    from both_sides
    inner join products on both_sides.product_id = products.product_id

)

select * from final
