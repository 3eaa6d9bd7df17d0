with

totals as (

    select * from {{ source('shop', '_truth_totals') }}

),

final as (

    select
        'shop' as source,
        cast(order_date as date) as order_date,
        currency,
        cast(orders as bigint) as orders,
        cast(units as bigint) as units,
        cast(gross_amount as numeric) as gross_amount,
        cast(discount_amount as numeric) as discount_amount,
        cast(net_amount as numeric) as net_amount
    from totals

)

select * from final
