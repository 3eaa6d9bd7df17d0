{{ config(materialized="view") }}

with

months as (

    select * from {{ ref("product_monthly_performance") }}

),

products as (

    select * from {{ ref("dim_products") }}
    where is_current

),

added_up as (

    select
        product_id,
        source,
        currency,
        cast(sum(line_count) as bigint) as line_count,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        cast(sum(returns) as bigint) as returns,
        sum(returned_units) as returned_units,
        sum(refund_amount) as refund_amount,
        sum(net_amount) as net_amount,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from months
    group by product_id, source, currency

),

final as (

    select
        added_up.product_id,
        added_up.source,
        added_up.currency,
        products.product_name,
        products.is_goods,
        added_up.line_count,
        added_up.units,
        added_up.gross_amount,
        added_up.discount_amount,
        added_up.returns,
        added_up.returned_units,
        added_up.refund_amount,
        added_up.net_amount,
        added_up.cost_amount,
        added_up.net_amount - added_up.cost_amount as margin_amount
    from added_up
    inner join products on added_up.product_id = products.product_id

)

select * from final
