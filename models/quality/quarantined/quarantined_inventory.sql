select *
from {{ ref('checked_inventory') }}
where failed_rules is not null
