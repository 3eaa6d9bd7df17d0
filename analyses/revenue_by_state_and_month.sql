-- Where do the buyers live: what did each state bring in, month by month?
--
-- The state is the customer's at the time of the order. The five greatest of each source and
-- currency over all time, with their last three months. Guests are left out.

with

sales as (

    select
        source,
        currency,
        customer_id,
        customer_valid_from,
        {{ month_of("order_date") }} as month_start,
        net_amount
    from {{ ref("fct_sales") }}
    where customer_id <> {{ unknown_key() }}

),

customers as (

    select * from {{ ref("dim_customers") }}

),

state_months as (

    select
        sales.source,
        sales.currency,
        customers.country,
        customers.state,
        sales.month_start,
        sum(sales.net_amount) as net_amount
    from sales
    inner join customers
        on
            sales.customer_id = customers.customer_id
            and sales.customer_valid_from = customers.valid_from
    group by sales.source, sales.currency, customers.country, customers.state, sales.month_start

),

added_up as (

    select
        *,
        sum(net_amount) over (partition by source, currency, country, state) as net_amount_in_all,
        sum(net_amount) over (partition by source, currency, month_start) as month_amount,
        max(month_start) over (partition by source) as last_month
    from state_months

),

ranked as (

    select
        *,
        dense_rank() over (
            partition by source, currency
            order by net_amount_in_all desc, country asc, state asc
        ) as place
    from added_up

),

final as (

    select
        source,
        currency,
        place,
        country,
        state,
        month_start,
        round(net_amount, 2) as net_amount,
        round(100 * net_amount / nullif(month_amount, 0), 1) as percent_of_month
    from ranked
    where place <= 5 and month_start > last_month - interval '3 months'

)

select * from final
order by source, currency, place, month_start
