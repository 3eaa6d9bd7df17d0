with

suppliers as (

    select * from {{ source('shop', 'suppliers') }}

),

final as (

    select
        'shop' as source,
        supplier_id,
        supplier_name,
        contact_email,
        phone,
        country,
        {{ safe_cast('updated_at', 'timestamptz') }} as updated_at,
        true as is_full_extract,
        {{ uncastable({
            'updated_at': 'timestamptz',
        }) }} as uncastable,
        _load_id as load_id,
        _row_id as row_id,
        {{ delivered_record('suppliers') }} as record
    from suppliers

)

select * from final
