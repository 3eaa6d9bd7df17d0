{#
    Promise 4. Valid raw rows, production, fct_sales and daily_revenue hold the same
    amounts, to the last decimal.
#}
select *
from {{ ref("reconciliation") }}
where verdict <> 'agrees'
