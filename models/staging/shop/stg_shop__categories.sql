select
    'shop' as source,
    nullif(category_id, '') as category_id,
    {{ cleaned('category_name') }} as category_name,
    nullif(parent_category_id, '') as parent_category_id,
    true as is_full_extract,
    cast(null as text) as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('categories') }} as record
from {{ source('shop', 'categories') }} as categories
