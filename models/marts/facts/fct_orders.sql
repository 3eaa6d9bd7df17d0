{{ config(
    unique_key="order_id",
    indexes=[{"columns": ["customer_id", "ordered_at"]}, {"columns": ["order_date"]}],
    pre_hook="set local enable_hashagg = off",
) }}

{%- set fct_sales = ref("fct_sales") %}
{%- set judged = where_changed("order_id", {
    "orders": "order_id",
    "order_items": "order_id",
    "payments": "order_id",
}) %}
{%- set is_changed = "order_id in (select order_id from changed)" if judged else "true" %}

with
{%- if judged %}

-- An order costs what its lines cost, so that a version of a product may change it too.
changed as (

    select order_id
    from {{ ref("orders") }}
    {{ judged }}

    union

    {{ repointed(["order_id"], {"dim_customers": ["customer_id", "ordered_at"]}) }}

    union

    {{ repointed(["order_id"], {"dim_products": ["product_id", "ordered_at"]}, fct_sales) }}

),
{%- endif %}

orders as (

    select
        *,
        coalesce(customer_id, {{ unknown_key() }}) as known_customer_id
    from {{ ref("orders") }}
    where {{ is_changed }}

),

-- Grouped in the order of an index (see the pre-hook): hashed sums of decimals take over
-- a kilobyte for each order.
sales as (

    select
        order_id,
        count(*) as line_count,
        sum(quantity) as units,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from {{ fct_sales }}
    where {{ is_changed }}
    group by order_id

),

captures as (

    select
        order_id,
        sum(amount) as paid_amount,
        max(paid_at) as paid_at
    from {{ ref("payments") }}
    where
        status = 'captured'
        and {{ is_changed }}
    group by order_id

),

final as (

    select
        orders.order_id,
        orders.source,
        orders.known_customer_id as customer_id,
        dim_customers.valid_from as customer_valid_from,
        orders.status,
        orders.currency,
        coalesce(sales.line_count, 0) as line_count,
        coalesce(sales.units, 0) as units,
        coalesce(sales.gross_amount, 0) as gross_amount,
        coalesce(sales.discount_amount, 0) as discount_amount,
        coalesce(sales.gross_amount - sales.discount_amount, 0) as net_amount,
        case when sales.order_id is null then 0 else sales.cost_amount end as cost_amount,
        case
            when sales.order_id is null then 0
            else sales.gross_amount - sales.discount_amount - sales.cost_amount
        end as margin_amount,
        orders.tax_amount,
        orders.shipping_fee,
        orders.total,
        coalesce(captures.paid_amount, 0) as paid_amount,
        cast(date_part('day', orders.ordered_at - dim_customers.registered_at) as integer)
            as days_since_registration,
        cast(
            date_part(
                'year',
                age(orders.ordered_at at time zone 'UTC', dim_customers.birth_date)
            ) as integer
        ) as customer_age,
        orders.ordered_at,
        captures.paid_at,
        cast(orders.ordered_at at time zone 'UTC' as date) as order_date
    from orders
    left join sales on orders.order_id = sales.order_id
    left join captures on orders.order_id = captures.order_id
    {{ join_version(
        "dim_customers", "customer_id", "orders.known_customer_id", "orders.ordered_at"
    ) }}

)

select * from final
