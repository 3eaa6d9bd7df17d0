{{ config(
    unique_key="order_id",
    indexes=[{"columns": ["customer_id", "ordered_at"]}, {"columns": ["ordered_at"]}],
) }}

with

versions as (

    select *
    from {{ ref("valid_orders") }}
    {{ where_changed("order_id", {"orders": "order_id"}) }}

),

last_changes as (

    select
        order_id,
        max(updated_at) as updated_at
    from versions
    group by order_id

),

latest as (

    select versions.*
    from versions
    inner join last_changes
        on
            versions.order_id = last_changes.order_id
            and versions.updated_at = last_changes.updated_at

),

final as (

    select
        order_id,
        source,
        customer_id,
        status,
        currency,
        subtotal,
        discount_amount,
        tax_amount,
        shipping_fee,
        total,
        op = 'D' as is_deleted,
        ordered_at,
        updated_at
    from latest

)

select * from final
