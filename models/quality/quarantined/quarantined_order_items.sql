select *
from {{ ref('checked_order_items') }}
where failed_rules is not null
