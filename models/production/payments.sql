{{ config(
    unique_key="payment_id",
    indexes=[
        {"columns": ["order_id"]},
    ],
) }}

with

payments as (

    select *
    from {{ ref("valid_payments") }}
    {{ where_changed("payment_id", {"payments": "payment_id"}) }}

),

final as (

    select
        payment_id,
        source,
        order_id,
        payment_method,
        status,
        currency,
        amount,
        paid_at
    from payments

)

select * from final
