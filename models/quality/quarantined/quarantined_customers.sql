select *
from {{ ref('checked_customers') }}
where failed_rules is not null
