{{ config(materialized="view") }}

with

loads as (

    select * from {{ ref("stg_loader__loads") }}

),

final as (

    select
        source,
        table_name,
        max(batch) filter (where status = 'loaded') as last_batch,
        max(loaded_at) filter (where status = 'loaded') as last_loaded_at,
        count(*) filter (where status = 'loaded') as files,
        coalesce(sum(rows) filter (where status = 'loaded'), 0) as loaded_rows,
        coalesce(sum(rejects) filter (where status = 'loaded'), 0) as rejected_rows,
        count(*) filter (where status = 'failed') as failed_attempts
    from loads
    group by source, table_name

)

select * from final
