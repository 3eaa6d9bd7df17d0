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

-- In the order of the checked table's index, so that nothing is sorted but one key's rows.
latest as (

    select distinct on (order_id) *
    from versions
    order by order_id asc, updated_at desc

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
