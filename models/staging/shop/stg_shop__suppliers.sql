with

suppliers as (

    select * from {{ source('shop', 'suppliers') }}

),

final as (

    select
        'shop' as source,
        supplier_id,
        {{ cleaned('supplier_name') }} as supplier_name,
        {{ cleaned('contact_email', 'lower') }} as contact_email,
        {{ cleaned('phone') }} as phone,
        {{ cleaned('country', 'upper') }} as country,
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
