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

cleaned as (

    select
        'shop' as source,
        nullif(customers.customer_id, '') as customer_id,
        {{ cleaned('customers.first_name') }} as first_name,
        {{ cleaned('customers.last_name') }} as last_name,
        {{ cleaned('customers.email', 'lower') }} as email,
        {{ cleaned('customers.phone') }} as phone,
        {{ cleaned('customers.street') }} as street,
        {{ cleaned('customers.city') }} as city,
        {{ cleaned('customers.state', 'upper') }} as state,
        {{ cleaned('customers.postal_code') }} as postal_code,
        {{ cleaned('customers.country', 'upper') }} as country,
        {{ cleaned('customers.segment', 'lower') }} as segment,
        {{ cleaned('customers.op', 'upper') }} as op,
        typed.birth_date,
        typed.registered_at,
        typed.updated_at,
        typed.uncastable,
        customers._load_id as load_id,
        customers._row_id as row_id,
        {{ delivered_record('customers') }} as record
    from customers
    cross join {{ typed_columns('customers', {
        'birth_date': 'date',
        'registered_at': 'timestamptz',
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
