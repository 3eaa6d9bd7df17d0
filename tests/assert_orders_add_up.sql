{#
    What the shop says an order costs is what its lines, tax and shipping add up to, and
    what is captured for a paid order is that total. An order with a held line or
    payment proves nothing, nor one whose lines have not come; a payment that is held
    because it names no known order explains an order that lacks just its amount. A payment
    may come late (variable `late_days`): until later ones have come, an order may wait for
    it. Which order a line or payment was of that the loader set aside nobody can tell: each
    explains one order at most.
#}

{%- set judged = {
    "orders": "order_id",
    "order_items": "order_id",
    "payments": "order_id",
} %}
{%- set held_lines, held_payments = ref("quarantined_order_items"), ref("quarantined_payments") %}

with

orders as (

    {{ unproven(ref("fct_orders"), "order_id", judged) }}

),

loads as (

    select * from {{ ref("stg_loader__loads") }}
    where
        status = 'loaded'
        and source in ({{ quoted(var("sources")) }})

),

rejected as (

    select coalesce(sum(rejects), 0) as records
    from loads
    where
        table_name in ('order_items', 'payments')
        and load_id not in (
            select load_id from {{ ref("load_counts") }}
            where build <= {{ since_last_pass() }}
        )

),

-- Looked up by index, source by source.
latest_payments as (

    select
        sources.source,
        latest.payment_date
    from (select distinct source from orders) as sources
    cross join lateral (
        select max(payments.payment_date) as payment_date
        from {{ ref("fct_payments") }} as payments
        where payments.source = sources.source
    ) as latest

),

compared as (

    select
        orders.order_id,
        orders.status,
        orders.total,
        orders.net_amount + orders.tax_amount + orders.shipping_fee as expected_total,
        orders.paid_amount,
        orders.total - orders.paid_amount as unpaid_amount,
        latest_payments.payment_date
        > {{ utc_date("versions.updated_at") }} + {{ var("late_days") }} as is_payment_due
    from orders
    inner join {{ ref("orders") }} as versions on orders.order_id = versions.order_id
    left join latest_payments on orders.source = latest_payments.source
    where orders.total is not null and orders.line_count > 0

),

final as (

    select *
    from compared
    where
        (
            total <> expected_total
            or (
                status in ('paid', 'shipped', 'delivered')
                and unpaid_amount <> 0
                and (unpaid_amount < 0 or is_payment_due)
            )
        )
        and not exists (
            select from {{ held_lines }} as held
            where held.order_id = compared.order_id
        )
        and not exists (
            select from {{ held_payments }} as held
            where held.order_id = compared.order_id
        )
        and (
            total <> expected_total
            or unpaid_amount not in (
                select amount from {{ held_payments }}
                where failed_rules = 'order_unknown' and amount is not null
            )
        )

)

select *
from final
order by order_id
offset (select records from rejected)
