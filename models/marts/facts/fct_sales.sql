{{ config(
    unique_key="order_item_id",
    indexes=[
        {"columns": ["order_id"]},
        {"columns": ["order_date", "product_id"]},
        {"columns": ["product_id", "ordered_at"]},
        {"columns": ["customer_id", "ordered_at"]},
    ],
) }}

{%- set of_changed_orders = where_changed("order_id", {
    "orders": "order_id",
    "order_items": "order_id",
}) %}

with

order_items as (

    select found.*
    {%- if is_incremental() %}
    from (
        select order_item_id
        from {{ ref("order_items") }}
        {{ of_changed_orders }}

        union

        {{ repointed(["order_item_id"], {
            "dim_customers": ["customer_id", "ordered_at"],
            "dim_products": ["product_id", "ordered_at"],
        }) }}
    ) as changed
    cross join {{ looked_up(ref("order_items"), "order_item_id = changed.order_item_id") }} as found
    {%- else %}
    from {{ ref("order_items") }} as found
    {%- endif %}

),

sales as (

    select
        order_items.*,
        coalesce(orders.customer_id, {{ unknown_key() }}) as customer_id,
        orders.currency,
        orders.ordered_at,
        order_items.quantity * order_items.unit_price as gross_amount,
        coalesce(order_items.discount_amount, 0) as discount
    from order_items
    {{ join_parent("orders", "order_id", "order_items.order_id") }}

),

final as (

    select
        sales.order_item_id,
        sales.source,
        sales.order_id,
        sales.product_id,
        dim_products.valid_from as product_valid_from,
        sales.customer_id,
        dim_customers.valid_from as customer_valid_from,
        sales.line_number,
        sales.quantity,
        sales.unit_price,
        sales.gross_amount,
        sales.discount as discount_amount,
        sales.gross_amount - sales.discount as net_amount,
        dim_products.unit_cost,
        sales.quantity * dim_products.unit_cost as cost_amount,
        sales.gross_amount - sales.discount - sales.quantity * dim_products.unit_cost
            as margin_amount,
        sales.currency,
        sales.ordered_at,
        cast(sales.ordered_at at time zone 'UTC' as date) as order_date
    from sales
    {{ join_version("dim_customers", "customer_id", "sales.customer_id", "sales.ordered_at") }}
    {{ join_version("dim_products", "product_id", "sales.product_id", "sales.ordered_at") }}

)

select * from final
