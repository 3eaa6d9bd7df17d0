select
    'shop' as source,
    nullif(product_id, '') as product_id,
    {{ cleaned('product_name') }} as product_name,
    {{ cleaned('brand') }} as brand,
    nullif(category_id, '') as category_id,
    nullif(supplier_id, '') as supplier_id,
    {{ cleaned('currency', 'upper') }} as currency,
    {{ safe_cast('list_price', 'numeric') }} as list_price,
    {{ safe_cast('unit_cost', 'numeric') }} as unit_cost,
    {{ safe_cast('is_active', 'boolean') }} as is_active,
    true as is_goods,
    {{ safe_cast('updated_at', 'timestamptz') }} as updated_at,
    true as is_full_extract,
    {{ uncastable({
        'list_price': 'numeric',
        'unit_cost': 'numeric',
        'is_active': 'boolean',
        'updated_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('products') }} as record
from {{ source('shop', 'products') }} as products
