select *
from {{ ref('checked_bids') }}
where failed_rules is null
