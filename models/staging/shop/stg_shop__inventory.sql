select
    'shop' as source,
    nullif(inventory.product_id, '') || '/' || nullif(inventory.warehouse_code, '') as inventory_id,
    nullif(inventory.product_id, '') as product_id,
    nullif(inventory.warehouse_code, '') as warehouse_code,
    typed.quantity_on_hand,
    typed.reorder_point,
    typed.counted_at,
    true as is_full_extract,
    typed.uncastable,
    inventory._load_id as load_id,
    inventory._row_id as row_id,
    {{ delivered_record('inventory') }} as record
from {{ source('shop', 'inventory') }} as inventory
cross join {{ typed_columns('inventory', {
    'quantity_on_hand': 'bigint',
    'reorder_point': 'bigint',
    'counted_at': 'timestamptz',
}) }} as typed
