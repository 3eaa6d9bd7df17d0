with

customers as (

    select * from {{ source('shop', 'customers') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

states as (

    select * from {{ ref('states') }}

),

calling_codes as (

    select * from {{ ref('calling_codes') }}

),

typed as (

    select
        'shop' as source,
        nullif(customer_id, '') as customer_id,
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
        {{ safe_cast('birth_date', 'date') }} as birth_date,
        {{ safe_cast('registered_at', 'timestamptz') }} as registered_at,
        {{ safe_cast('updated_at', 'timestamptz') }} as updated_at,
        {{ uncastable({
            'birth_date': 'date',
            'registered_at': 'timestamptz',
            'updated_at': 'timestamptz',
        }) }} as uncastable,
        _load_id as load_id,
        _row_id as row_id,
        {{ delivered_record('customers') }} as record
    from customers

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
        placed.customer_id,
        placed.first_name,
        placed.last_name,
        placed.email,
        {{ phone_number('placed.phone') }} as phone,
        placed.street,
        placed.city,
        coalesce(states.state, placed.state) as state,
        placed.postal_code,
        placed.country_code as country,
        placed.segment,
        placed.op,
        placed.birth_date,
        placed.registered_at,
        placed.updated_at,
        placed.uncastable,
        placed.load_id,
        placed.row_id,
        placed.record
    from placed
    left join states
        on
            placed.country_code = states.country
            and placed.state = upper(states.state_name)
    left join calling_codes on placed.country_code = calling_codes.country

)

select * from final
