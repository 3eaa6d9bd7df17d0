{{ config(
    materialized="incremental",
    incremental_strategy="merge",
    unique_key=["product_id", "valid_from"],
    meta={
        "replaces": "product_id",
        "changes": {
            "key": "product_id",
            "since": "valid_from",
            "until": "valid_to",
            "columns": ["unit_cost"],
        },
    },
) }}

{%- set shown = {"category_id": "categories", "supplier_id": "suppliers"} %}
{%- set read = ["product_history"] + shown.values() | list %}

with

history as (

    select *
    from {{ ref("product_history") }}
    {%- if is_incremental() and not is_rebuilt_since(read) %}
    where
        product_id in (
            select key from {{ changed_keys("product_history") }} as changed
            {%- for column, parent in shown.items() %}

            union

            select product_id
            from {{ ref("product_history") }}
            where {{ column }} in (select key from {{ changed_keys(parent) }} as changed)
            {%- endfor %}
        )
    {%- endif %}

),

categories as (

    select * from {{ ref("categories") }}

),

suppliers as (

    select * from {{ ref("suppliers") }}

),

firsts as (

    select
        product_id,
        min(valid_from) as valid_from
    from history
    group by product_id

),

-- The first version holds for all the time before it too.
known as (

    select
        history.product_id,
        case
            when history.valid_from = firsts.valid_from then {{ beginning_of_time() }}
            else history.valid_from
        end as valid_from,
        history.valid_to,
        history.valid_to is null as is_current,
        history.source,
        history.product_name,
        history.brand,
        history.category_id,
        categories.category_name,
        history.supplier_id,
        suppliers.supplier_name,
        history.currency,
        history.list_price,
        history.unit_cost,
        history.is_active,
        history.is_goods,
        history.is_deleted
    from history
    inner join firsts on history.product_id = firsts.product_id
    left join categories on history.category_id = categories.category_id
    left join suppliers on history.supplier_id = suppliers.supplier_id

),

final as (

    select * from known

    union all

    select
        {{ unknown_key() }} as product_id,
        {{ beginning_of_time() }} as valid_from,
        null as valid_to,
        true as is_current,
        {{ unknown_key() }} as source,
        null as product_name,
        null as brand,
        null as category_id,
        null as category_name,
        null as supplier_id,
        null as supplier_name,
        null as currency,
        null as list_price,
        null as unit_cost,
        null as is_active,
        null as is_goods,
        false as is_deleted

)

select * from final
