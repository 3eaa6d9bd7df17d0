-- How much below the price may a bid be, and still be accepted?
--
-- Bids in steps of five per cent below the price at the time. Decided: accepted or rejected.

with

bids as (

    select
        *,
        5 * cast(floor(20 * (list_price - amount) / list_price) as integer) as percent_below
    from {{ ref("fct_bids") }}
    where list_price > 0

),

final as (

    select
        source,
        currency,
        percent_below as from_percent_below,
        percent_below + 5 as to_percent_below,
        count(*) as bids,
        count(*) filter (where status in ('accepted', 'rejected')) as decided,
        count(*) filter (where status = 'accepted') as accepted,
        round(
            100.0 * count(*) filter (where status = 'accepted')
            / nullif(count(*) filter (where status in ('accepted', 'rejected')), 0), 1
        ) as accepted_percent,
        round(coalesce(sum(amount) filter (where status = 'accepted'), 0), 2) as accepted_amount
    from bids
    group by source, currency, percent_below

)

select * from final
order by source, currency, from_percent_below
