-- How many customers come back for a second order, and how soon?
--
-- Guests are not counted, nor are orders whose every line is held.

with

orders as (

    select
        source,
        customer_id,
        ordered_at,
        row_number() over (
            partition by customer_id
            order by ordered_at, order_id
        ) as nth_order
    from {{ ref("fct_orders") }}
    where line_count > 0 and customer_id <> {{ unknown_key() }}

),

customers as (

    select
        source,
        customer_id,
        count(*) as orders,
        extract(day from max(ordered_at) filter (where nth_order = 2) - min(ordered_at))
            as days_to_second
    from orders
    group by source, customer_id

),

final as (

    select
        source,
        count(*) as customers,
        count(*) filter (where orders > 1) as came_back,
        round(100.0 * count(*) filter (where orders > 1) / count(*), 1) as came_back_percent,
        round(avg(orders), 2) as orders_a_customer,
        percentile_disc(0.5) within group (order by days_to_second) as median_days_to_second
    from customers
    group by source

)

select * from final
order by source
