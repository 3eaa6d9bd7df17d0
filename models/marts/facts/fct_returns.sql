{{ config(
    unique_key="return_id",
    indexes=[
        {"columns": ["product_id", "returned_at"]},
        {"columns": ["customer_id", "returned_at"]},
        {"columns": ["return_date"]},
    ],
) }}

{%- set judged = where_changed("return_id", {"returns": "return_id"}) %}
{%- set of_changed_orders = where_changed("order_items.order_id", {
    "orders": "order_id",
    "order_items": "order_id",
}) %}

with

-- Those that are new, those of orders and lines that have changed, and those for which
-- another version of the product or the customer holds.
returns as (

    select found.*
    {%- if is_incremental() %}
    from (
        select return_id
        from {{ ref("returns") }}
        {{ judged }}

        union

        select of_a_line.return_id
        from {{ ref("order_items") }} as order_items
        cross join {{ looked_up(
            ref("returns"), "order_item_id = order_items.order_item_id"
        ) }} as of_a_line
        {{ of_changed_orders }}

        union

        {{ repointed(["return_id"], {
            "dim_customers": ["customer_id", "returned_at"],
            "dim_products": ["product_id", "returned_at"],
        }) }}
    ) as changed
    cross join {{ looked_up(ref("returns"), "return_id = changed.return_id") }} as found
    {%- else %}
    from {{ ref("returns") }} as found
    {%- endif %}

),

-- Where a source says which line came back, the line tells the product and the customer.
told as (

    select
        returns.return_id,
        returns.source,
        returns.order_item_id,
        order_items.order_id,
        coalesce(returns.product_id, order_items.product_id, {{ unknown_key() }})
            as product_id,
        coalesce(returns.customer_id, orders.customer_id, {{ unknown_key() }})
            as customer_id,
        returns.reason,
        returns.quantity,
        returns.refund_amount,
        returns.currency,
        returns.returned_at
    from returns
    {{ join_parent("order_items", "order_item_id", "returns.order_item_id", "left") }}
    {{ join_parent("orders", "order_id", "order_items.order_id", "left") }}

),

final as (

    select
        told.return_id,
        told.source,
        told.order_item_id,
        told.order_id,
        told.product_id,
        dim_products.valid_from as product_valid_from,
        told.customer_id,
        dim_customers.valid_from as customer_valid_from,
        told.reason,
        told.quantity,
        told.refund_amount,
        told.currency,
        told.returned_at,
        cast(told.returned_at at time zone 'UTC' as date) as return_date
    from told
    {{ join_version("dim_customers", "customer_id", "told.customer_id", "told.returned_at") }}
    {{ join_version("dim_products", "product_id", "told.product_id", "told.returned_at") }}

)

select * from final
