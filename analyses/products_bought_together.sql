-- Which products are bought together?
--
-- Of the hundred products that are in most orders of a source, the ten pairs that are most often in
-- one order. A lift above 1: more often together than chance would have it. (With all products, the
-- pairs of one long order could be millions.)

with

lines as (

    select distinct
        source,
        order_id,
        product_id
    from {{ ref("fct_sales") }}

),

products as (

    select * from {{ ref("dim_products") }}
    where is_current and is_goods

),

order_counts as (

    select
        source,
        count(distinct order_id) as orders
    from lines
    group by source

),

counted as (

    select
        lines.source,
        lines.product_id,
        products.product_name,
        count(*) as orders
    from lines
    inner join products on lines.product_id = products.product_id
    group by lines.source, lines.product_id, products.product_name

),

placed as (

    select
        *,
        row_number() over (
            partition by source
            order by orders desc, product_id asc
        ) as place
    from counted

),

popular as (

    select * from placed
    where place <= 100

),

baskets as (

    select
        lines.order_id,
        lines.product_id
    from lines
    inner join popular on lines.product_id = popular.product_id

),

pairs as (

    select
        one.product_id as first_product_id,
        other.product_id as second_product_id,
        count(*) as orders_with_both
    from baskets as one
    inner join baskets as other
        on one.order_id = other.order_id and one.product_id < other.product_id
    group by one.product_id, other.product_id

),

ranked as (

    select
        first_product.source,
        first_product.product_name as first_product,
        second_product.product_name as second_product,
        pairs.orders_with_both,
        first_product.orders as orders_with_first,
        second_product.orders as orders_with_second,
        row_number() over (
            partition by first_product.source
            order by
                pairs.orders_with_both desc,
                pairs.first_product_id asc,
                pairs.second_product_id asc
        ) as place
    from pairs
    inner join popular as first_product on pairs.first_product_id = first_product.product_id
    inner join popular as second_product on pairs.second_product_id = second_product.product_id

),

final as (

    select
        ranked.source,
        ranked.place,
        ranked.first_product,
        ranked.second_product,
        ranked.orders_with_both,
        ranked.orders_with_first,
        ranked.orders_with_second,
        round(
            cast(ranked.orders_with_both as numeric) * order_counts.orders
            / (ranked.orders_with_first * ranked.orders_with_second), 2
        ) as lift
    from ranked
    inner join order_counts on ranked.source = order_counts.source
    where ranked.place <= 10

)

select * from final
order by source, place
