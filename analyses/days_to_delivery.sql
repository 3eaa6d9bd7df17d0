-- How long does a customer wait for the goods?
--
-- From the order to its last parcel, by the month of the order; orders that have all arrived. The
-- last twelve months of each source.

with

orders as (

    select * from {{ ref("fct_orders") }}

),

arrivals as (

    select
        order_id,
        min(shipped_at) as shipped_at,
        max(delivered_at) as delivered_at
    from {{ ref("shipments") }}
    group by order_id
    having count(*) = count(delivered_at)

),

waits as (

    select
        orders.source,
        {{ month_of("orders.order_date") }} as month_start,
        extract(epoch from arrivals.shipped_at - orders.ordered_at) / 86400 as days_to_shipment,
        extract(epoch from arrivals.delivered_at - orders.ordered_at) / 86400 as days_to_delivery
    from orders
    inner join arrivals on orders.order_id = arrivals.order_id

),

dated as (

    select
        *,
        max(month_start) over (partition by source) as last_month
    from waits

),

final as (

    select
        source,
        month_start,
        count(*) as orders_delivered,
        round(avg(days_to_shipment), 1) as days_to_shipment,
        round(avg(days_to_delivery), 1) as days_to_delivery,
        round(percentile_disc(0.5) within group (order by days_to_delivery), 1) as median_days,
        round(percentile_disc(0.9) within group (order by days_to_delivery), 1)
            as nine_in_ten_within,
        round(max(days_to_delivery), 1) as longest
    from dated
    where month_start > last_month - interval '12 months'
    group by source, month_start

)

select * from final
order by source, month_start
