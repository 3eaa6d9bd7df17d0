{#
    The extracts of each entity that arrives as a whole, with the time that each speaks of:
    the latest change that it holds, whether the row that tells it is valid or held, but no
    slip of the pen. The column that dates a row is named below, where the entity has one.
#}
{{ config(unique_key=["entity", "source", "batch"]) }}

{%- set dated_by = {
    "categories": none,
    "suppliers": "updated_at",
    "products": "updated_at",
    "inventory": "counted_at",
} %}
{%- set end_of_time = "timestamptz '" ~ var("latest_date") ~ " 00:00:00+00'" %}

with

extracts as (
    {%- for entity, column in dated_by.items() %}
    {%- set checked_rows = ref("checked_" ~ entity) %}

    select
        '{{ entity }}' as entity,
        source,
        batch,
        {%- if column %}
        max({{ column }}) filter (where {{ column }} < {{ end_of_time }}) as extracted_at
        {%- else %}
        cast(null as timestamptz) as extracted_at
        {%- endif %}
    from {{ checked_rows }}
    where is_full_extract
    {%- if is_incremental() %}
    and (source, batch) in (
        select
            source,
            batch
        from {{ checked_rows }}
        where {{ is_judged_since() }}
        group by source, batch
    )
    {%- endif %}
    group by source, batch
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        entity,
        source,
        batch,
        extracted_at
    from extracts

)

select * from final
