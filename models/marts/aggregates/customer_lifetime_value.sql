with

orders as (

    select
        customer_id,
        source,
        currency,
        count(*) as orders,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(net_amount) as net_amount,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from {{ ref("fct_orders") }}
    where customer_id is not null and line_count > 0
    group by customer_id, source, currency

),

refunds as (

    select
        customer_id,
        source,
        currency,
        sum(refund_amount) as refund_amount
    from {{ ref("fct_returns") }}
    where customer_id is not null
    group by customer_id, source, currency

),

final as (

    select
        coalesce(orders.customer_id, refunds.customer_id) as customer_id,
        coalesce(orders.source, refunds.source) as source,
        coalesce(orders.currency, refunds.currency) as currency,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.gross_amount, 0) as gross_amount,
        coalesce(orders.discount_amount, 0) as discount_amount,
        coalesce(refunds.refund_amount, 0) as refund_amount,
        coalesce(orders.net_amount, 0) - coalesce(refunds.refund_amount, 0)
            as lifetime_value,
        round(orders.net_amount / orders.orders, 2) as average_order_value,
        orders.first_ordered_at,
        orders.last_ordered_at
    from orders
    full join refunds
        on
            orders.customer_id = refunds.customer_id
            and orders.source = refunds.source
            and orders.currency = refunds.currency

)

select * from final
