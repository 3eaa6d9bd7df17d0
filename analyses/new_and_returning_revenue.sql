-- Does the money come from new customers or from those who return?
--
-- New is a customer in the month of the first order. The last twelve months of each source and
-- currency.

with

orders as (

    select
        source,
        currency,
        customer_id,
        {{ month_of("order_date") }} as month_start,
        net_amount
    from {{ ref("fct_orders") }}
    where line_count > 0

),

customer_months as (

    select * from {{ ref("customer_months") }}

),

months as (

    select
        orders.source,
        orders.currency,
        orders.month_start,
        max(orders.month_start) over (partition by orders.source) as last_month,
        sum(orders.net_amount) as net_amount,
        sum(orders.net_amount) filter (where customer_months.cohort_month = orders.month_start)
            as new_amount,
        sum(orders.net_amount) filter (where customer_months.cohort_month < orders.month_start)
            as returning_amount,
        sum(orders.net_amount) filter (where customer_months.customer_id is null) as guest_amount
    from orders
    left join customer_months
        on
            orders.customer_id = customer_months.customer_id
            and orders.month_start = customer_months.month_start
    group by orders.source, orders.currency, orders.month_start

),

final as (

    select
        source,
        currency,
        month_start,
        round(net_amount, 2) as net_amount,
        round(coalesce(new_amount, 0), 2) as of_new_customers,
        round(coalesce(returning_amount, 0), 2) as of_returning_customers,
        round(coalesce(guest_amount, 0), 2) as of_guests,
        round(100 * coalesce(returning_amount, 0) / nullif(net_amount, 0), 1) as returning_percent
    from months
    where month_start > last_month - interval '12 months'

)

select * from final
order by source, currency, month_start
