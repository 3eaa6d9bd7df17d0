{{ config(enabled="shop" in var("sources")) }}

with

defects as (

    select * from {{ ref("stg_shop__truth_defects") }}
    where outcome = 'quarantine'

),

loads as (

    select * from {{ ref("stg_loader__loads") }}

),

quarantine as (

    select * from {{ ref("quarantine") }}
    where resolved_at is null

),

-- Only batches whose truth is known can be scored: a real shop's files have none.
batches as (

    select distinct
        source,
        batch
    from loads
    where table_name = '_truth_defects' and status = 'loaded'

),

held as (

    select
        quarantine.source,
        quarantine.entity,
        quarantine.file,
        quarantine.row_id,
        failed.rule
    from quarantine
    inner join loads on quarantine.load_id = loads.load_id
    inner join batches
        on
            loads.source = batches.source
            and loads.batch = batches.batch
    cross join lateral string_to_table(quarantine.failed_rules, ',') as failed (rule)

),

compared as (

    select
        coalesce(defects.source, held.source) as source,
        coalesce(defects.entity, held.entity) as entity,
        coalesce(defects.rule, held.rule) as rule,
        defects.rule is not null as was_injected,
        held.rule is not null as was_held
    from defects
    full join held
        on
            defects.source = held.source
            and defects.entity = held.entity
            and defects.file = held.file
            and defects.row_number = held.row_id
            and defects.rule = held.rule

),

final as (

    select
        source,
        entity,
        rule,
        count(*) filter (where was_injected) as injected,
        count(*) filter (where was_injected and was_held) as caught,
        count(*) filter (where was_injected and not was_held) as missed,
        count(*) filter (where was_held and not was_injected) as wrongly_held
    from compared
    group by source, entity, rule

)

select * from final
