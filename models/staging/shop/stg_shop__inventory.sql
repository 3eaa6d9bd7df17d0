select
    'shop' as source,
    nullif(product_id, '') || '/' || nullif(warehouse_code, '') as inventory_id,
    nullif(product_id, '') as product_id,
    nullif(warehouse_code, '') as warehouse_code,
    {{ safe_cast('quantity_on_hand', 'bigint') }} as quantity_on_hand,
    {{ safe_cast('reorder_point', 'bigint') }} as reorder_point,
    {{ safe_cast('counted_at', 'timestamptz') }} as counted_at,
    true as is_full_extract,
    {{ uncastable({
        'quantity_on_hand': 'bigint',
        'reorder_point': 'bigint',
        'counted_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('inventory') }} as record
from {{ source('shop', 'inventory') }} as inventory
