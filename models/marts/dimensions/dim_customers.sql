{{ config(
    materialized="incremental",
    incremental_strategy="merge",
    unique_key=["customer_id", "valid_from"],
    meta={
        "replaces": "customer_id",
        "changes": {
            "key": "customer_id",
            "since": "valid_from",
            "until": "valid_to",
            "columns": ["birth_date", "registered_at"],
        },
    },
) }}

with

history as (

    select *
    from {{ ref("customer_history") }}
    {{ where_keys_changed("customer_id", "customer_history") }}

),

firsts as (

    select
        customer_id,
        min(valid_from) as valid_from
    from history
    group by customer_id

),

-- The first version holds for all the time before it too.
known as (

    select
        history.customer_id,
        case
            when history.valid_from = firsts.valid_from then {{ beginning_of_time() }}
            else history.valid_from
        end as valid_from,
        history.valid_to,
        history.valid_to is null as is_current,
        history.source,
        nullif(concat_ws(' ', history.first_name, history.last_name), '') as customer_name,
        history.email,
        history.phone,
        history.street,
        history.city,
        history.state,
        history.postal_code,
        history.country,
        history.segment,
        history.birth_date,
        history.is_deleted,
        history.registered_at
    from history
    inner join firsts on history.customer_id = firsts.customer_id

),

final as (

    select * from known

    union all

    select
        {{ unknown_key() }} as customer_id,
        {{ beginning_of_time() }} as valid_from,
        null as valid_to,
        true as is_current,
        {{ unknown_key() }} as source,
        null as customer_name,
        null as email,
        null as phone,
        null as street,
        null as city,
        null as state,
        null as postal_code,
        null as country,
        null as segment,
        null as birth_date,
        false as is_deleted,
        null as registered_at

)

select * from final
