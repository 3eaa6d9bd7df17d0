{%- set days = 90 -%}
-- Which good customers have not been back for {{ days }} days?
--
-- Counted back from the last order of their source. The ten of each source and currency who had
-- spent most, and how many there are in all. Customers whom the source has deleted are left out.

with

customers as (

    select * from {{ ref("dim_customers") }}
    where is_current and not is_deleted

),

last_orders as (

    select
        source,
        max(order_date) as last_order_date
    from {{ ref("fct_orders") }}
    group by source

),

lifetimes as (

    select
        source,
        currency,
        customer_id,
        orders,
        lifetime_value,
        cast(
            max(last_ordered_at) over (partition by customer_id) at time zone 'UTC' as date
        ) as last_order_date
    from {{ ref("customer_lifetime_value") }}

),

away as (

    select
        lifetimes.*,
        last_orders.last_order_date - lifetimes.last_order_date as days_away,
        row_number() over most_first as place,
        count(*) over (partition by lifetimes.source, lifetimes.currency) as customers_away
    from lifetimes
    inner join customers on lifetimes.customer_id = customers.customer_id
    inner join last_orders on lifetimes.source = last_orders.source
    where last_orders.last_order_date - lifetimes.last_order_date > {{ days }}
    window most_first as (
        partition by lifetimes.source, lifetimes.currency
        order by lifetimes.lifetime_value desc, lifetimes.customer_id asc
    )

),

final as (

    select
        source,
        currency,
        place,
        customer_id,
        last_order_date,
        days_away,
        orders,
        round(lifetime_value, 2) as lifetime_value,
        customers_away
    from away
    where place <= 10

)

select * from final
order by source, currency, place
