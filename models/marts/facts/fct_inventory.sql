{#
    Stock by day. The day is that of the extract; of two extracts of one day the later one
    stands, product by product. A day of which any extract has news is written anew, and
    so is the day that an extract was of before, should a further file of it move it.
#}
{{ config(
    unique_key=["inventory_id", "inventory_date"],
    indexes=[
        {"columns": ["product_id", "extracted_at"]},
        {"columns": ["source", "inventory_date"]},
        {"columns": ["batch", "source"]},
    ],
    meta={"delete_when": "source.quantity_on_hand is null"},
) }}

{%- set checked_inventory = ref("checked_inventory") %}

with

extracts as (

    select
        source,
        batch,
        extracted_at,
        cast(extracted_at at time zone 'UTC' as date) as inventory_date
    from {{ ref("full_extracts") }}
    where entity = 'inventory' and extracted_at is not null

),
{%- if is_incremental() %}

judged as (

    select distinct
        source,
        batch
    from {{ checked_inventory }}
    where {{ is_judged_since() }}

),

days as (

    select
        extracts.source,
        extracts.inventory_date
    from judged
    inner join extracts
        on
            judged.source = extracts.source
            and judged.batch = extracts.batch

    union

    select
        held.source,
        held.inventory_date
    from judged
    inner join {{ this }} as held
        on
            judged.source = held.source
            and judged.batch = held.batch

),

extracts_of_days as (

    select extracts.*
    from days
    inner join extracts
        on
            days.source = extracts.source
            and days.inventory_date = extracts.inventory_date

),
{%- endif %}

last_batches as (

    select
        inventory.inventory_id,
        extracts.inventory_date,
        max(inventory.batch) as batch
    from {{ "extracts_of_days" if is_incremental() else "extracts" }} as extracts
    inner join {{ ref("valid_inventory") }} as inventory
        on
            extracts.source = inventory.source
            and extracts.batch = inventory.batch
    group by inventory.inventory_id, extracts.inventory_date

),

levels as (

    select
        inventory.inventory_id,
        last_batches.inventory_date,
        inventory.source,
        inventory.product_id,
        inventory.warehouse_code,
        inventory.quantity_on_hand,
        inventory.reorder_point,
        inventory.counted_at,
        extracts.extracted_at,
        inventory.batch
    from last_batches
    inner join {{ ref("valid_inventory") }} as inventory
        on
            last_batches.inventory_id = inventory.inventory_id
            and last_batches.batch = inventory.batch
    inner join extracts
        on
            inventory.source = extracts.source
            and inventory.batch = extracts.batch
    {%- if is_incremental() %}

    union all

    select
        held.inventory_id,
        held.inventory_date,
        held.source,
        held.product_id,
        held.warehouse_code,
        null as quantity_on_hand,
        held.reorder_point,
        held.counted_at,
        held.extracted_at,
        held.batch
    from days
    inner join {{ this }} as held
        on
            days.source = held.source
            and days.inventory_date = held.inventory_date
    left join last_batches
        on
            held.inventory_id = last_batches.inventory_id
            and held.inventory_date = last_batches.inventory_date
    where last_batches.inventory_id is null

    union all

    -- Days without news, for which another version of the product may hold.
    select
        held.inventory_id,
        held.inventory_date,
        held.source,
        held.product_id,
        held.warehouse_code,
        held.quantity_on_hand,
        held.reorder_point,
        held.counted_at,
        held.extracted_at,
        held.batch
    from {{ this }} as held
    left join days
        on
            held.source = days.source
            and held.inventory_date = days.inventory_date
    where
        days.source is null
        and (held.inventory_id, held.inventory_date) in (
            {{ repointed(
                ["inventory_id", "inventory_date"],
                {"dim_products": ["product_id", "extracted_at"]}
            ) }}
        )
    {%- endif %}

),

final as (

    select
        levels.inventory_id,
        levels.inventory_date,
        levels.source,
        levels.product_id,
        dim_products.valid_from as product_valid_from,
        levels.warehouse_code,
        levels.quantity_on_hand,
        levels.reorder_point,
        levels.quantity_on_hand * dim_products.unit_cost as stock_amount,
        dim_products.currency,
        levels.counted_at,
        levels.extracted_at,
        levels.batch
    from levels
    {{ join_version("dim_products", "product_id", "levels.product_id", "levels.extracted_at") }}

)

select * from final
