with

customers as (

    select * from {{ source('shop', 'customers') }}

),

final as (

    select
        'shop' as source,
        customer_id,
        {{ cleaned('first_name') }} as first_name,
        {{ cleaned('last_name') }} as last_name,
        {{ cleaned('email', 'lower') }} as email,
        {{ cleaned('phone') }} as phone,
        {{ cleaned('street') }} as street,
        {{ cleaned('city') }} as city,
        {{ cleaned('state', 'upper') }} as state,
        {{ cleaned('postal_code') }} as postal_code,
        {{ cleaned('country', 'upper') }} as country,
        {{ cleaned('segment', 'lower') }} as segment,
        {{ cleaned('op', 'upper') }} as op,
        {{ safe_cast('registered_at', 'timestamptz') }} as registered_at,
        {{ safe_cast('updated_at', 'timestamptz') }} as updated_at,
        {{ uncastable({
            'registered_at': 'timestamptz',
            'updated_at': 'timestamptz',
        }) }} as uncastable,
        _load_id as load_id,
        _row_id as row_id,
        {{ delivered_record('customers') }} as record
    from customers

)

select * from final
