select *
from {{ ref('checked_categories') }}
where failed_rules is not null
