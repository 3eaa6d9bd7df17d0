with

customers as (

    select * from {{ source('shop', 'customers') }}

),

final as (

    select
        'shop' as source,
        customer_id,
        first_name,
        last_name,
        email,
        phone,
        street,
        city,
        state,
        postal_code,
        country,
        segment,
        op,
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
