select *
from {{ ref('checked_suppliers') }}
where failed_rules is not null
