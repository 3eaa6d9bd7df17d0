-- How many of a month's new customers order again one, two, three and six months later?
--
-- In per cent of the cohort, for the last twelve cohorts of each source; empty for months to come.

{%- set months_later = [1, 2, 3, 6] %}

with

cohort_retention as (

    select * from {{ ref("cohort_retention") }}

),

last_months as (

    select
        source,
        max({{ month_of("order_date") }}) as last_month
    from {{ ref("fct_orders") }}
    group by source

),

cohorts as (

    select
        source,
        cohort_month,
        {%- for months in months_later %}
        max(retention_rate) filter (where months_since_first = {{ months }}) as rate_{{ months }},
        {%- endfor %}
        max(cohort_customers) as customers
    from cohort_retention
    group by source, cohort_month

),

-- A month that has passed without any of the cohort has no row: it counts as 0.
final as (

    select
        cohorts.source,
        cohorts.cohort_month,
        {%- for months in months_later %}
        case
            when cohorts.cohort_month + interval '{{ months }} months' <= last_months.last_month
                then round(100 * coalesce(cohorts.rate_{{ months }}, 0), 1)
        end as month_{{ months }}_percent,
        {%- endfor %}
        cohorts.customers
    from cohorts
    inner join last_months on cohorts.source = last_months.source
    where cohorts.cohort_month > last_months.last_month - interval '12 months'

)

select * from final
order by source, cohort_month
