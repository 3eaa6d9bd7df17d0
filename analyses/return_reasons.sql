-- Why do goods come back, and what does it cost?

with

returns as (

    select * from {{ ref("fct_returns") }}

),

final as (

    select
        source,
        currency,
        coalesce(reason, 'not said') as reason,
        count(*) as returns,
        sum(quantity) as units,
        round(sum(refund_amount), 2) as refund_amount,
        round(
            100 * sum(refund_amount)
            / nullif(sum(sum(refund_amount)) over (partition by source, currency), 0), 1
        ) as percent_of_refunds
    from returns
    group by source, currency, reason

)

select * from final
order by source asc, currency asc, refund_amount desc, reason asc
