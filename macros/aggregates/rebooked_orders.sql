{#
    The orders whose sales may stand on another day, in another currency or for another
    customer than they did after the build `since`, or whose charges may be others, with all
    the days and customers that their delivered versions ever named: (order_id, days, customer_ids). An order belongs to it where

    - one of its lines was judged since, or
    - it was judged since, and its versions do not all say the same. A mere change of status
      moves no money: an order that becomes known has its lines judged with it.

    Every version counts, held ones too: what the warehouse believed before is among them.
    Versions are looked up order by order: a day must not read all orders.
#}
{% macro rebooked_orders(since) -%}
    select
        changed.order_id,
        array_remove(array_agg(distinct versions.order_date), null) as days,
        array_remove(array_agg(distinct versions.customer_id), null) as customer_ids
    from (
        select
            order_id,
            bool_or(has_lines) as has_lines
        from (
            select
                order_id,
                true as has_lines
            from {{ ref("checked_order_items") }}
            where build > {{ since }}

            union all

            select
                order_id,
                false as has_lines
            from {{ ref("checked_orders") }}
            where build > {{ since }}
        ) as judged
        group by order_id
    ) as changed
    cross join lateral (
        select
            customer_id,
            currency,
            tax_amount,
            shipping_fee,
            cast(ordered_at at time zone 'UTC' as date) as order_date
        from {{ ref("checked_orders") }}
        where order_id = changed.order_id
        offset 0
    ) as versions
    group by changed.order_id, changed.has_lines
    having
        changed.has_lines
        or count(distinct (
            versions.customer_id,
            versions.currency,
            versions.order_date,
            versions.tax_amount,
            versions.shipping_fee
        )) > 1
{%- endmacro %}
