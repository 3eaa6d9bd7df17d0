{{ config(unique_key=["order_id", "valid_from"], meta={"replaces": "order_id"}) }}

with

versions as (

    select
        order_id,
        source,
        updated_at,
        case when op <> 'D' then status end as status
    from {{ ref("valid_orders") }}
    {{ where_changed("order_id", {"orders": "order_id"}) }}

),

compared as (

    select
        *,
        lag(status) over (
            partition by order_id
            order by updated_at
        ) as status_before
    from versions

),

intervals as (

    select
        *,
        lead(updated_at) over (
            partition by order_id
            order by updated_at
        ) as valid_to
    from compared
    where status is distinct from status_before

),

-- A deleted order has no status from then on.
final as (

    select
        order_id,
        updated_at as valid_from,
        valid_to,
        source,
        status
    from intervals
    where status is not null

)

select * from final
