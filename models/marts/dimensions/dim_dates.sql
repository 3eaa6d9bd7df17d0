{%- set facts = {
    "fct_orders": "order_date",
    "fct_payments": "payment_date",
    "fct_returns": "return_date",
    "fct_reviews": "review_date",
    "fct_bids": "bid_date",
    "fct_inventory": "inventory_date",
} %}

with

-- The first and the last day of each fact are the ends of an index.
ends as (
    {%- for fact, day in facts.items() %}

    select
        min({{ day }}) as first_day,
        max({{ day }}) as last_day
    from {{ ref(fact) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

bounds as (

    select
        date_trunc('year', cast(min(first_day) as timestamp)) as first_day,
        date_trunc('year', cast(max(last_day) as timestamp)) + interval '1 year - 1 day'
            as last_day
    from ends

),

days as (

    select cast(generate_series(first_day, last_day, interval '1 day') as date) as date_day
    from bounds

),

final as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year,
        cast(extract(quarter from date_day) as integer) as quarter,
        cast(extract(month from date_day) as integer) as month,
        to_char(date_day, 'FMMonth') as month_name,
        cast(date_trunc('month', date_day) as date) as month_start,
        cast(extract(isoyear from date_day) as integer) as iso_year,
        cast(extract(week from date_day) as integer) as iso_week,
        cast(extract(isodow from date_day) as integer) as day_of_week,
        to_char(date_day, 'FMDay') as day_name,
        extract(isodow from date_day) in (6, 7) as is_weekend
    from days

)

select * from final
