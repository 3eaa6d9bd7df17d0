{{ config(
    unique_key=["product_id", "month_start", "source", "currency"],
    meta={"delete_when": "source.line_count = 0 and source.returns = 0"},
) }}

{%- set mark = high_water_mark() %}
{%- set rebooked = rebooked_orders(mark) %}
{%- set fct_sales = ref("fct_sales") %}
{%- set judged_returns = ref("checked_returns") %}
{%- set lines, all_returns = ref("order_items"), ref("returns") %}

with
{%- if is_incremental() %}

rebooked as (

    {{ rebooked }}

),

judged_lines as (

    select
        order_item_id,
        order_id,
        product_id
    from {{ ref("checked_order_items") }}
    where build > {{ mark }}

),

-- Of another version of the product, which may have cost something else.
repriced_lines as (

    {{ repointed(
        ["order_item_id", "product_id", "order_date"],
        {"dim_products": ["product_id", "ordered_at"]},
        fct_sales
    ) }}

),

affected as (

    select
        lines.product_id,
        {{ month_of("days.day") }} as month_start
    from (
        select
            order_id,
            product_id
        from judged_lines

        union

        select
            moved.order_id,
            sales.product_id
        from rebooked as moved
        cross join {{ looked_up(fct_sales, "order_id = moved.order_id") }} as sales
    ) as lines
    inner join rebooked on lines.order_id = rebooked.order_id
    cross join lateral unnest(rebooked.days) as days (day)

    union

    select
        coalesce(returns.product_id, order_items.product_id) as product_id,
        {{ month_of(utc_date("returns.returned_at")) }} as month_start
    from {{ judged_returns }} as returns
    left join {{ lines }} as order_items
        on returns.order_item_id = order_items.order_item_id
    where returns.build > {{ mark }}

    union

    select
        product_id,
        {{ month_of("order_date") }} as month_start
    from repriced_lines

    union

    select
        lines.product_id,
        {{ month_of(utc_date("returns.returned_at")) }} as month_start
    from (
        select
            order_item_id,
            product_id
        from judged_lines

        union

        select
            order_item_id,
            product_id
        from repriced_lines
    ) as lines
    cross join {{ looked_up(all_returns, "order_item_id = lines.order_item_id") }} as returns

),
{%- endif %}
{%- for fact, time in [("sales", "ordered_at"), ("returns", "returned_at")] %}

{{ fact }} as (
    {%- if is_incremental() %}

    select found.*
    from affected
    cross join {{ looked_up(
        ref("fct_" ~ fact),
        "product_id = affected.product_id"
        ~ " and " ~ time ~ " >= affected.month_start::timestamp at time zone 'UTC'"
        ~ " and " ~ time ~ " < (affected.month_start + interval '1 month') at time zone 'UTC'"
    ) }} as found
    {%- else %}

    select * from {{ ref("fct_" ~ fact) }}
    {%- endif %}

),
{%- endfor %}

-- What came back is worth what it cost when it was sold.
costed_returns as (

    select
        returns.*,
        returns.quantity * sales.unit_cost as cost_amount
    from returns
    left join {{ fct_sales }} as sales on returns.order_item_id = sales.order_item_id

),

movements as (

    select
        product_id,
        {{ month_of("order_date") }} as month_start,
        source,
        currency,
        count(*) as line_count,
        sum(quantity) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        0 as returns,
        0 as returned_units,
        0 as refund_amount,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from sales
    group by product_id, month_start, source, currency

    union all

    select
        product_id,
        {{ month_of("return_date") }} as month_start,
        source,
        currency,
        0 as line_count,
        0 as units,
        0 as gross_amount,
        0 as discount_amount,
        count(*) as returns,
        sum(quantity) as returned_units,
        sum(refund_amount) as refund_amount,
        case when count(*) = count(cost_amount) then -sum(cost_amount) end as cost_amount
    from costed_returns
    group by product_id, month_start, source, currency
    {%- if is_incremental() %}

    union all

    select
        found.product_id,
        found.month_start,
        found.source,
        found.currency,
        0 as line_count,
        0 as units,
        0 as gross_amount,
        0 as discount_amount,
        0 as returns,
        0 as returned_units,
        0 as refund_amount,
        0 as cost_amount
    from affected
    cross join {{ looked_up(
        this,
        "product_id = affected.product_id and month_start = affected.month_start"
    ) }} as found
    {%- endif %}

),

final as (

    select
        product_id,
        month_start,
        source,
        currency,
        cast(sum(line_count) as bigint) as line_count,
        sum(units) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        cast(sum(returns) as bigint) as returns,
        sum(returned_units) as returned_units,
        sum(refund_amount) as refund_amount,
        sum(gross_amount) - sum(discount_amount) - sum(refund_amount) as net_amount,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from movements
    group by product_id, month_start, source, currency

)

select
    *,
    net_amount - cost_amount as margin_amount
from final
