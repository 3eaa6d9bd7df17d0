select *
from {{ ref('checked_payments') }}
where failed_rules is null
