{{ config(enabled="shop" in var("sources"), materialized="view") }}

with

scored_rows as (

    select * from {{ ref("scored_rows") }}

),

counted as (

    select
        source,
        entity,
        rule,
        count(*) filter (where verdict in ('caught', 'missed')) as injected,
        count(*) filter (where verdict = 'caught') as caught,
        count(*) filter (where verdict = 'missed') as missed,
        count(*) filter (where verdict = 'wrongly_held') as wrongly_held,
        count(*) filter (where verdict = 'waiting') as waiting
    from scored_rows
    group by source, entity, rule

),

final as (

    select
        source,
        entity,
        rule,
        injected,
        caught,
        missed,
        wrongly_held,
        waiting,
        cast(caught as numeric) / nullif(caught + wrongly_held, 0) as precision,
        cast(caught as numeric) / nullif(injected, 0) as recall
    from counted

)

select * from final
