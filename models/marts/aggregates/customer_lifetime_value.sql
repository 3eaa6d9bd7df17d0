{{ config(
    unique_key=["customer_id", "currency"],
    meta={"delete_when": "source.orders = 0 and source.returns = 0"},
) }}

{%- set mark = high_water_mark() %}
{%- set rebooked = rebooked_orders(mark) %}
{%- set judged_returns = ref("checked_returns") %}
{%- set lines, all_orders = ref("order_items"), ref("orders") %}

with
{%- if is_incremental() %}

affected_customers as (

    select unnest(customer_ids) as customer_id
    from ({{ rebooked }}) as rebooked

    union

    select coalesce(returns.customer_id, orders.customer_id) as customer_id
    from {{ judged_returns }} as returns
    left join {{ lines }} as order_items
        on returns.order_item_id = order_items.order_item_id
    left join {{ all_orders }} as orders on order_items.order_id = orders.order_id
    where returns.build > {{ mark }}

),
{%- endif %}

orders as (
    {%- if is_incremental() %}

    select found.*
    from affected_customers
    cross join
        {{ looked_up(ref("fct_orders"), "customer_id = affected_customers.customer_id") }} as found
    {%- else %}

    select * from {{ ref("fct_orders") }}
    {%- endif %}

),

returns as (
    {%- if is_incremental() %}

    select found.*
    from affected_customers
    cross join
        {{ looked_up(ref("fct_returns"), "customer_id = affected_customers.customer_id") }} as found
    {%- else %}

    select * from {{ ref("fct_returns") }}
    {%- endif %}

),

movements as (

    select
        customer_id,
        source,
        currency,
        count(*) as orders,
        0 as returns,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        0 as refund_amount,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from orders
    where customer_id <> 'unknown' and line_count > 0
    group by customer_id, source, currency

    union all

    select
        customer_id,
        source,
        currency,
        0 as orders,
        count(*) as returns,
        0 as gross_amount,
        0 as discount_amount,
        sum(refund_amount) as refund_amount,
        null as first_ordered_at,
        null as last_ordered_at
    from returns
    where customer_id <> 'unknown'
    group by customer_id, source, currency
    {%- if is_incremental() %}

    union all

    select
        found.customer_id,
        found.source,
        found.currency,
        0 as orders,
        0 as returns,
        0 as gross_amount,
        0 as discount_amount,
        0 as refund_amount,
        null as first_ordered_at,
        null as last_ordered_at
    from affected_customers
    cross join
        {{ looked_up(this, "customer_id = affected_customers.customer_id") }} as found
    {%- endif %}

),

added_up as (

    select
        customer_id,
        source,
        currency,
        cast(sum(orders) as bigint) as orders,
        cast(sum(returns) as bigint) as returns,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(refund_amount) as refund_amount,
        min(first_ordered_at) as first_ordered_at,
        max(last_ordered_at) as last_ordered_at
    from movements
    group by customer_id, source, currency

),

final as (

    select
        customer_id,
        source,
        currency,
        orders,
        returns,
        gross_amount,
        discount_amount,
        refund_amount,
        gross_amount - discount_amount - refund_amount as lifetime_value,
        round((gross_amount - discount_amount) / nullif(orders, 0), 2) as average_order_value,
        first_ordered_at,
        last_ordered_at
    from added_up

)

select * from final
