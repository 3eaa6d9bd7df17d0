{{ config(materialized="view") }}

{%- set histories = [
    "customer_history", "product_history", "supplier_history", "order_status_history",
] %}
{%- set production = histories + var("entities") | list %}
{%- set marts = [
    "dim_customers", "dim_products", "dim_dates", "dim_payment_methods",
    "fct_sales", "fct_orders", "fct_payments", "fct_returns",
    "fct_reviews", "fct_bids", "fct_inventory",
    "daily_revenue", "payment_method_mix", "customer_lifetime_value", "customer_months",
    "cohort_activity", "cohort_retention", "monthly_active_customers",
    "product_monthly_performance", "product_performance",
] %}
{%- set without_source = ["dim_dates", "dim_payment_methods"] %}

with

loads as (

    select * from {{ ref("stg_loader__loads") }}

),

counted as (

    select
        'raw' as layer,
        source || '_' || table_name as table_name,
        source,
        sum(rows) as row_count
    from loads
    where status = 'loaded'
    group by source, table_name
    {%- for entity in var("entities") %}

    union all

    select
        'valid' as layer,
        '{{ entity }}' as table_name,
        source,
        count(*) as row_count
    from {{ ref("valid_" ~ entity) }}
    group by source

    union all

    select
        'quarantined' as layer,
        '{{ entity }}' as table_name,
        source,
        count(*) as row_count
    from {{ ref("quarantined_" ~ entity) }}
    group by source
    {%- endfor %}
    {%- for layer, models in {"production": production, "marts": marts}.items() %}
    {%- for model in models %}

    union all

    select
        '{{ layer }}' as layer,
        '{{ model }}' as table_name,
        {{ "source" if model not in without_source else "null" }} as source,
        count(*) as row_count
    from {{ ref(model) }}
    {%- if model not in without_source %}
    group by source
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

)

select
    layer,
    table_name,
    source,
    cast(row_count as bigint) as row_count
from counted
