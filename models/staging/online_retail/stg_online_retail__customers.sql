with

invoice_lines as (

    select * from {{ ref('stg_online_retail__invoice_lines') }}

),

country_names as (

    select * from {{ ref('country_names') }}

),

-- Each file says anew where its customers live: one version for each country a customer
-- is seen in.
versions as (

    select
        source,
        load_id,
        customer_id,
        country_name,
        min(invoiced_at) as seen_at,
        min(row_id) as row_id
    from invoice_lines
    where customer_id is not null
    group by source, load_id, customer_id, country_name

),

final as (

    select
        versions.source,
        versions.customer_id,
        cast(null as text) as first_name,
        cast(null as text) as last_name,
        cast(null as text) as email,
        cast(null as text) as phone,
        cast(null as text) as street,
        cast(null as text) as city,
        cast(null as text) as state,
        cast(null as text) as postal_code,
        coalesce(country_names.country, versions.country_name) as country,
        cast(null as text) as segment,
        'U' as op,
        cast(null as date) as birth_date,
        cast(null as timestamptz) as registered_at,
        versions.seen_at as updated_at,
        cast(null as text) as uncastable,
        versions.load_id,
        versions.row_id,
        jsonb_build_object(
            'CustomerID', substr(versions.customer_id, 4),
            'Country', versions.country_name
        ) as record
    from versions
    left join country_names on upper(versions.country_name) = upper(country_names.country_name)

)

select * from final
