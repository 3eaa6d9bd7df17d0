with

rejects as (

    select * from {{ source('loader', '_rejects') }}

),

final as (

    select
        load_id,
        line_number,
        reason,
        message,
        rejected_at
    from rejects

)

select * from final
