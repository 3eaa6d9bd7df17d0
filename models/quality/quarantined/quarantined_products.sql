select *
from {{ ref('checked_products') }}
where failed_rules is not null
