with

loads as (

    select * from {{ source('loader', '_loads') }}

),

final as (

    select
        load_id,
        source,
        table_name,
        batch,
        file,
        format,
        status,
        error,
        header_lines,
        bytes,
        rows,
        rejects,
        seconds,
        loaded_at,
        replay_of,
        pruned_at
    from loads

)

select * from final
