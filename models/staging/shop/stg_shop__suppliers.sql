with

suppliers as (

    select * from {{ source('shop', 'suppliers') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

calling_codes as (

    select * from {{ ref('calling_codes') }}

),

typed as (

    select
        'shop' as source,
        nullif(supplier_id, '') as supplier_id,
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

),

placed as (

    select
        typed.*,
        coalesce(country_names.country, typed.country) as country_code
    from typed
    left join country_names on typed.country = upper(country_names.country_name)

),

final as (

    select
        placed.source,
        placed.supplier_id,
        placed.supplier_name,
        placed.contact_email,
        {{ phone_number('placed.phone') }} as phone,
        placed.country_code as country,
        placed.updated_at,
        placed.is_full_extract,
        placed.uncastable,
        placed.load_id,
        placed.row_id,
        placed.record
    from placed
    left join calling_codes on placed.country_code = calling_codes.country

)

select * from final
