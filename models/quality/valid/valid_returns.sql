select *
from {{ ref('checked_returns') }}
where failed_rules is null
