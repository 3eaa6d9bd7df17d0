{{ config(
    unique_key="payment_id",
    indexes=[
        {"columns": ["order_id"]},
        {"columns": ["payment_date"]},
        {"columns": ["source", "payment_date"]},
        {"columns": ["customer_id", "happened_at"]},
    ],
) }}

{%- set of_changed_orders = where_changed("order_id", {
    "orders": "order_id",
    "payments": "order_id",
}) %}

with

payments as (

    select found.*
    {%- if is_incremental() %}
    from (
        select payment_id
        from {{ ref("payments") }}
        {{ of_changed_orders }}

        union

        {{ repointed(["payment_id"], {
            "dim_customers": ["customer_id", "happened_at"],
        }) }}
    ) as changed
    cross join {{ looked_up(ref("payments"), "payment_id = changed.payment_id") }} as found
    {%- else %}
    from {{ ref("payments") }} as found
    {%- endif %}

),

paid as (

    select
        payments.*,
        coalesce(payments.currency, orders.currency) as paid_currency,
        coalesce(orders.customer_id, {{ unknown_key() }}) as customer_id,
        coalesce(payments.paid_at, orders.ordered_at) as happened_at
    from payments
    {{ join_parent("orders", "order_id", "payments.order_id") }}

),

final as (

    select
        paid.payment_id,
        paid.source,
        paid.order_id,
        paid.customer_id,
        dim_customers.valid_from as customer_valid_from,
        paid.payment_method,
        paid.status,
        paid.amount,
        paid.paid_currency as currency,
        paid.paid_at,
        paid.happened_at,
        cast(paid.paid_at at time zone 'UTC' as date) as payment_date
    from paid
    {{ join_version("dim_customers", "customer_id", "paid.customer_id", "paid.happened_at") }}

)

select * from final
