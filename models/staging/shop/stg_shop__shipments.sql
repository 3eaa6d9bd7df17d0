select
    'shop' as source,
    nullif(shipments.shipment_id, '') as shipment_id,
    nullif(shipments.order_id, '') as order_id,
    {{ cleaned('shipments.carrier') }} as carrier,
    {{ cleaned('shipments.tracking_number') }} as tracking_number,
    typed.shipped_at,
    typed.delivered_at,
    typed.uncastable,
    shipments._load_id as load_id,
    shipments._row_id as row_id,
    {{ delivered_record('shipments') }} as record
from {{ source('shop', 'shipments') }} as shipments
cross join {{ typed_columns('shipments', {
    'shipped_at': 'timestamptz',
    'delivered_at': 'timestamptz',
}) }} as typed
