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

cleaned as (

    select
        'shop' as source,
        nullif(suppliers.supplier_id, '') as supplier_id,
        {{ cleaned('suppliers.supplier_name') }} as supplier_name,
        {{ cleaned('suppliers.contact_email', 'lower') }} as contact_email,
        {{ cleaned('suppliers.phone') }} as phone,
        {{ cleaned('suppliers.country', 'upper') }} as country,
        typed.updated_at,
        true as is_full_extract,
        typed.uncastable,
        suppliers._load_id as load_id,
        suppliers._row_id as row_id,
        {{ delivered_record('suppliers') }} as record
    from suppliers
    cross join {{ typed_columns('suppliers', {
        'updated_at': 'timestamptz',
    }) }} as typed

),

placed as (

    select
        cleaned.*,
        coalesce(country_names.country, cleaned.country) as country_code
    from cleaned
    left join country_names on cleaned.country = upper(country_names.country_name)

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
