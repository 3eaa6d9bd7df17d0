{#
    What the shop says an order costs is what its lines, tax and shipping add up to, and
    what is captured for a paid order is that total. An order with a held line or
    payment proves nothing; a payment that is held because it names no known order
    explains an order that lacks just its amount. Which order a line or payment was of that
    the loader set aside nobody can tell: each explains one order at most.
#}
with

orders as (

    select * from {{ ref("fct_orders") }}
    where total is not null

),

held as (

    select
        entity,
        failed_rules,
        record ->> 'order_id' as order_id,
        record ->> 'amount' as amount
    from {{ ref("quarantine") }}
    where entity in ('order_items', 'payments') and resolved_at is null

),

rejected as (

    select coalesce(sum(rejects), 0) as records
    from {{ ref("stg_loader__loads") }}
    where
        status = 'loaded'
        and source in ({{ quoted(var("sources")) }})
        and table_name in ('order_items', 'payments')

),

final as (

    select
        order_id,
        status,
        total,
        net_amount + tax_amount + shipping_fee as expected_total,
        paid_amount
    from orders
    where not exists (
        select from held
        where held.order_id = orders.order_id
    )

)

select *
from final
where
    total <> expected_total
    or (
        status in ('paid', 'shipped', 'delivered')
        and paid_amount <> total
        and cast(total - paid_amount as text) not in (
            select amount
            from held
            where failed_rules = 'order_unknown' and amount is not null
        )
    )
order by order_id
offset (select records from rejected)
