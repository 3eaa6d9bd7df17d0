with

rejects as (

    select * from {{ source('loader', '_rejects') }}

),

final as (

    select
        load_id,
        record_number,
        line_number,
        byte_offset,
        reason,
        message,
        rejected_at,
        resolved_at,
        resolved_by
    from rejects

)

select * from final
