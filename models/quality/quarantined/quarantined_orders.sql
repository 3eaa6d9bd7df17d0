select *
from {{ ref('checked_orders') }}
where failed_rules is not null
