with

payments as (

    select
        cast(date_trunc('month', payment_date) as date) as month_start,
        source,
        currency,
        payment_method,
        count(*) as payments,
        sum(amount) as amount
    from {{ ref("fct_payments") }}
    where status = 'captured'
    group by month_start, source, currency, payment_method

),

final as (

    select
        month_start,
        source,
        currency,
        payment_method,
        payments,
        amount,
        round(amount / sum(amount) over (partition by month_start, source, currency), 4)
            as amount_share
    from payments

)

select * from final
