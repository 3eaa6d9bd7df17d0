select *
from {{ ref('checked_payments') }}
where failed_rules is not null
