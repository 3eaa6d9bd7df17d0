{{ config(
    unique_key="return_id",
    indexes=[{"columns": ["product_id"]}, {"columns": ["return_date"]}],
) }}

with

returns as (

    select *
    from {{ ref("returns") }}
    {{ where_changed("return_id", {"returns": "return_id"}) }}

),

order_items as (

    select * from {{ ref("order_items") }}

),

final as (

    select
        returns.return_id,
        returns.source,
        returns.order_item_id,
        order_items.order_id,
        returns.product_id,
        returns.customer_id,
        returns.reason,
        returns.quantity,
        returns.refund_amount,
        returns.currency,
        returns.returned_at,
        cast(returns.returned_at at time zone 'UTC' as date) as return_date
    from returns
    left join order_items on returns.order_item_id = order_items.order_item_id

)

select * from final
