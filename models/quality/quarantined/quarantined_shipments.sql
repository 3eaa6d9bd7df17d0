select *
from {{ ref('checked_shipments') }}
where failed_rules is not null
