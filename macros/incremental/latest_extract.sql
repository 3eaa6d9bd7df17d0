{#
    The latest valid row of each key of an entity that arrives as full extracts, with
    `is_deleted`: the newest extract of its source does not hold the key, neither sound
    nor broken. Batches decide, not the order of loading. Rows of sources that deliver
    versions instead (is_full_extract false) are never missed.

    Where the model stands already and nothing of the entity has changed since, no row.

    order_by: what goes before the batch where the rows of a key compete
#}
{% macro latest_extract(entity, order_by=none) -%}
    {%- set key = var("entities")[entity] -%}
    {%- set checked_rows = ref("checked_" ~ entity) -%}
    {%- set valid_rows = ref("valid_" ~ entity) -%}
    select distinct on (valid.{{ key }})
        valid.*,
        valid.is_full_extract and delivered.last_batch < newest.batch as is_deleted
    from {{ valid_rows }} as valid
    inner join (
        select {{ key }}, max(batch) as last_batch
        from {{ checked_rows }}
        group by {{ key }}
    ) as delivered
        on valid.{{ key }} = delivered.{{ key }}
    inner join (
        select source, max(batch) as batch
        from {{ checked_rows }}
        group by source
    ) as newest
        on valid.source = newest.source
    {%- if is_incremental() %}
    where exists (
        select from {{ checked_rows }}
        where build > {{ high_water_mark() }}
    )
    {%- endif %}
    order by valid.{{ key }}, {{ order_by ~ ", " if order_by }}valid.batch desc
{%- endmacro %}
