select *
from {{ ref('checked_reviews') }}
where failed_rules is not null
