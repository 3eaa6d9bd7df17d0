select *
from {{ ref('checked_customers') }}
where failed_rules is null
