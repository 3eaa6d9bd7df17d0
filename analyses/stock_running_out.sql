{%- set days = 28 -%}
-- What is out of stock, and what will be next?
--
-- The levels of the last extract of each source, over all its warehouses, against what its last {{
-- days }} days of orders took a day. The ten products on sale that will last shortest; of those
-- that are out, first what sells best.

with

inventory as (

    select
        *,
        max(inventory_date) over (partition by source) as last_inventory_date
    from {{ ref("fct_inventory") }}

),

sales as (

    select
        product_id,
        quantity,
        order_date,
        max(order_date) over (partition by source) as last_order_date
    from {{ ref("fct_sales") }}

),

products as (

    select * from {{ ref("dim_products") }}
    where is_current and is_active and not is_deleted

),

stock as (

    select
        source,
        product_id,
        sum(quantity_on_hand) as units_on_hand,
        count(*) as warehouses,
        count(*) filter (where quantity_on_hand = 0) as warehouses_out
    from inventory
    where inventory_date = last_inventory_date
    group by source, product_id

),

demand as (

    select
        product_id,
        sum(quantity) as units_sold
    from sales
    where order_date > last_order_date - {{ days }}
    group by product_id

),

lasting as (

    select
        stock.source,
        stock.product_id,
        products.product_name,
        stock.units_on_hand,
        stock.warehouses,
        stock.warehouses_out,
        demand.units_sold,
        stock.units_on_hand * {{ days }} / demand.units_sold as days_left
    from stock
    inner join products on stock.product_id = products.product_id
    inner join demand on stock.product_id = demand.product_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by source
            order by days_left asc, units_sold desc, product_id asc
        ) as place
    from lasting

),

final as (

    select
        source,
        place,
        product_id,
        product_name,
        units_on_hand,
        warehouses,
        warehouses_out,
        round(units_sold / {{ days }}, 2) as units_a_day,
        round(days_left, 1) as days_left
    from ranked
    where place <= 10

)

select * from final
order by source, place
