select
    'shop' as source,
    nullif(shipment_id, '') as shipment_id,
    nullif(order_id, '') as order_id,
    {{ cleaned('carrier') }} as carrier,
    {{ cleaned('tracking_number') }} as tracking_number,
    {{ safe_cast('shipped_at', 'timestamptz') }} as shipped_at,
    {{ safe_cast('delivered_at', 'timestamptz') }} as delivered_at,
    {{ uncastable({
        'shipped_at': 'timestamptz',
        'delivered_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('shipments') }} as record
from {{ source('shop', 'shipments') }} as shipments
