{{ config(
    unique_key="shipment_id",
    indexes=[
        {"columns": ["order_id"]},
    ],
) }}

with

shipments as (

    select *
    from {{ ref("valid_shipments") }}
    {{ where_changed("shipment_id", {"shipments": "shipment_id"}) }}

),

final as (

    select
        shipment_id,
        source,
        order_id,
        carrier,
        tracking_number,
        shipped_at,
        delivered_at
    from shipments

)

select * from final
