select
    'shop' as source,
    nullif(products.product_id, '') as product_id,
    {{ cleaned('products.product_name') }} as product_name,
    {{ cleaned('products.brand') }} as brand,
    nullif(products.category_id, '') as category_id,
    nullif(products.supplier_id, '') as supplier_id,
    {{ cleaned('products.currency', 'upper') }} as currency,
    typed.list_price,
    typed.unit_cost,
    typed.is_active,
    true as is_goods,
    typed.updated_at,
    true as is_full_extract,
    typed.uncastable,
    products._load_id as load_id,
    products._row_id as row_id,
    {{ delivered_record('products') }} as record
from {{ source('shop', 'products') }} as products
cross join {{ typed_columns('products', {
    'list_price': 'numeric',
    'unit_cost': 'numeric',
    'is_active': 'boolean',
    'updated_at': 'timestamptz',
}) }} as typed
