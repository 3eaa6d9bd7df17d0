with

defects as (

    select * from {{ source('shop', '_truth_defects') }}

),

loads as (

    select * from {{ ref('stg_loader__loads') }}

),

-- The ledger of a batch names its files from the batch's folder on; the loads name
-- theirs from the source's.
final as (

    select
        'shop' as source,
        defects.table_name as entity,
        defects.record_key,
        loads.batch || '/' || defects.file as file,
        cast(defects.row_number as bigint) as row_number,
        defects.column_name,
        defects.original_value,
        defects.new_value,
        defects.fault,
        defects.rule,
        defects.outcome,
        defects._load_id as load_id
    from defects
    inner join loads on defects._load_id = loads.load_id

)

select * from final
