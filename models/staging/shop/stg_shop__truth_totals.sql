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
        cast(net_amount as numeric) as net_amount,
        cast(tax_amount as numeric) as tax_amount,
        cast(shipping_amount as numeric) as shipping_amount,
        cast(payments as bigint) as payments,
        cast(paid_amount as numeric) as paid_amount,
        cast(returned_units as bigint) as returned_units,
        cast(refund_amount as numeric) as refund_amount
    from totals

)

select * from final
