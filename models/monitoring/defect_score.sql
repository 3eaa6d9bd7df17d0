{{ config(enabled="shop" in var("sources"), materialized="view") }}

with

-- A record that staging must clean breaks no rule: one that is held is wrongly held.
defects as (

    select
        source,
        entity,
        file,
        row_number,
        coalesce(rule, fault) as rule
    from {{ ref("stg_shop__truth_defects") }}
    where outcome in ('quarantine', 'reject')

),

rejected_defects as (

    select * from {{ ref("stg_shop__truth_defects") }}
    where outcome = 'reject'

),

rejects as (

    select * from {{ ref("stg_loader__rejects") }}

),

loads as (

    select * from {{ ref("stg_loader__loads") }}

),

-- What a later delivery has corrected was caught.
quarantine as (

    select * from {{ ref("quarantine") }}
    where resolution is distinct from 'released'

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

-- One broken line can look like another to a reader: any reason why the loader set it aside
-- will do.
rejected as (

    select
        loads.source,
        loads.table_name as entity,
        loads.file,
        rejects.record_number as row_id,
        coalesce(rejected_defects.fault, rejects.reason) as rule
    from rejects
    inner join loads on rejects.load_id = loads.load_id
    inner join batches
        on
            loads.source = batches.source
            and loads.batch = batches.batch
    left join rejected_defects
        on
            loads.source = rejected_defects.source
            and loads.file = rejected_defects.file
            and rejects.record_number = rejected_defects.row_number

),

caught as (

    select * from held

    union all

    select * from rejected

),

compared as (

    select
        coalesce(defects.source, caught.source) as source,
        coalesce(defects.entity, caught.entity) as entity,
        coalesce(defects.rule, caught.rule) as rule,
        defects.rule is not null as was_injected,
        caught.rule is not null as was_held
    from defects
    full join caught
        on
            defects.source = caught.source
            and defects.entity = caught.entity
            and defects.file = caught.file
            and defects.row_number = caught.row_id
            and defects.rule = caught.rule

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
