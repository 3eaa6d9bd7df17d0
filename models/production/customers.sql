{{ config(unique_key="customer_id") }}

with

versions as (

    select *
    from {{ ref("valid_customers") }}
    {{ where_changed("customer_id", {"customers": "customer_id"}) }}

),

-- In the order of the checked table's index, so that nothing is sorted but one key's rows.
latest as (

    select distinct on (customer_id) *
    from versions
    order by customer_id asc, updated_at desc

),

final as (

    select
        customer_id,
        source,
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
        birth_date,
        op = 'D' as is_deleted,
        registered_at,
        updated_at
    from latest

)

select * from final
