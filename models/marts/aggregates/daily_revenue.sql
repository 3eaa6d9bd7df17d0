with

sales as (

    select
        order_date,
        source,
        currency,
        count(*) as orders,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount
    from {{ ref("fct_orders") }}
    where line_count > 0
    group by order_date, source, currency

),

refunds as (

    select
        return_date,
        source,
        currency,
        sum(refund_amount) as refund_amount
    from {{ ref("fct_returns") }}
    group by return_date, source, currency

),

final as (

    select
        coalesce(sales.order_date, refunds.return_date) as order_date,
        coalesce(sales.source, refunds.source) as source,
        coalesce(sales.currency, refunds.currency) as currency,
        coalesce(sales.orders, 0) as orders,
        coalesce(sales.units, 0) as units,
        coalesce(sales.gross_amount, 0) as gross_amount,
        coalesce(sales.discount_amount, 0) as discount_amount,
        coalesce(refunds.refund_amount, 0) as refund_amount,
        coalesce(sales.gross_amount, 0)
        - coalesce(sales.discount_amount, 0)
        - coalesce(refunds.refund_amount, 0) as net_amount
    from sales
    full join refunds
        on
            sales.order_date = refunds.return_date
            and sales.source = refunds.source
            and sales.currency = refunds.currency

)

select * from final
