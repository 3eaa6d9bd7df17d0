-- How large are the orders?
--
-- By net amount, in classes from one bound up to the next.

{%- set bounds = [0, 25, 50, 100, 250, 500, 1000] %}

with

orders as (

    select
        *,
        width_bucket(net_amount, array{{ bounds }}::numeric[]) as size_class
    from {{ ref("fct_orders") }}
    where line_count > 0

),

final as (

    select
        source,
        currency,
        (array[null, {{ bounds | join(", ") }}])[size_class + 1] as from_amount,
        (array[{{ bounds | join(", ") }}, null])[size_class + 1] as below_amount,
        count(*) as orders,
        round(100.0 * count(*) / sum(count(*)) over of_all, 1) as percent_of_orders,
        round(sum(net_amount), 2) as net_amount,
        round(100 * sum(net_amount) / nullif(sum(sum(net_amount)) over of_all, 0), 1)
            as percent_of_net_amount,
        round(avg(line_count), 1) as lines_an_order
    from orders
    group by source, currency, size_class
    window of_all as (partition by source, currency)

)

select * from final
order by source asc, currency asc, below_amount asc nulls last
