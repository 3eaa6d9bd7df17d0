with

payment_methods as (

    select * from {{ ref("payment_methods") }}

),

final as (

    select
        payment_method,
        payment_method_name,
        is_instant
    from payment_methods

)

select * from final
