{#
    What `python -m loader prune` asks before it deletes raw rows: the loads whose rows raw
    still holds, and what each is still needed for; null where the warehouse has consumed
    all of it.

    Consumed is a load of which every row that staging makes of it is judged, for every
    entity, and every held row stands in quarantine. It is a view: asked seldom, and right
    at that moment.
#}
{{ config(materialized="view") }}

{%- set read_whole = [] %}
{%- if execute %}
{%- do read_whole.extend(raw_tables_of("model." ~ project_name ~ ".rooted_categories")) %}
{%- endif %}

with

loads as (

    select * from {{ ref("stg_loader__loads") }}
    where status = 'loaded' and source in ({{ quoted(var("sources")) }})

),

quarantine as (

    select * from {{ ref("quarantine") }}

),

newest as (

    select
        source,
        table_name,
        max(batch) as batch
    from loads
    group by source, table_name

),

delivered as (
    {%- for source in var("sources") %}
    {%- set is_last_source = loop.last %}
    {%- for entity in var("delivers")[source] %}

    select
        '{{ entity }}' as entity,
        load_id,
        count(*) as row_count
    from {{ ref("stg_" ~ source ~ "__" ~ entity) }}
    group by load_id
    {%- if not (loop.last and is_last_source) %}

    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

judged as (
    {%- for entity in var("entities") %}

    select
        '{{ entity }}' as entity,
        load_id,
        count(*) as row_count
    from {{ ref("checked_" ~ entity) }}
    group by load_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

held as (
    {%- for entity in var("entities") %}

    select
        '{{ entity }}' as entity,
        load_id,
        row_id
    from {{ ref("quarantined_" ~ entity) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

not_in_quarantine as (

    select
        held.load_id,
        min(held.entity) as entity
    from held
    left join quarantine using (entity, load_id, row_id)
    where quarantine.source is null
    group by held.load_id

),

consumption as (

    select
        delivered.load_id,
        min(delivered.entity) filter (
            where delivered.row_count <> coalesce(judged.row_count, 0)
        ) as entity_to_judge
    from delivered
    left join judged
        on
            delivered.entity = judged.entity
            and delivered.load_id = judged.load_id
    group by delivered.load_id

),

final as (

    select
        loads.load_id,
        loads.source,
        loads.table_name,
        loads.batch,
        case
            when loads.table_name like '\_truth%'
                then 'the truth is read as a whole'
            when loads.source || '_' || loads.table_name in ({{ quoted(read_whole) }})
                then 'rooted_categories reads its table as a whole'
            when loads.batch = newest.batch then 'it is of the newest batch of its table'
            when consumption.load_id is null then 'no model reads its rows'
            when consumption.entity_to_judge is not null
                then 'checked_' || consumption.entity_to_judge || ' has not all of its rows yet'
            when not_in_quarantine.entity is not null
                then 'quarantine has not all its ' || not_in_quarantine.entity || ' yet'
        end as needed_because
    from loads
    inner join newest
        on
            loads.source = newest.source
            and loads.table_name = newest.table_name
    left join consumption on loads.load_id = consumption.load_id
    left join not_in_quarantine on loads.load_id = not_in_quarantine.load_id
    where loads.pruned_at is null and loads.rows > 0

)

select * from final
