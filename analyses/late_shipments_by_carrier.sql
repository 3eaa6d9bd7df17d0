{%- set late_after_days = 5 -%}
-- Which carriers deliver late?
--
-- Late is a parcel that takes longer than {{ late_after_days }} days, or has been on its way for
-- longer when the last event of its source was told.

with

shipments as (

    select
        *,
        max(greatest(shipped_at, delivered_at)) over (partition by source) as last_event_at
    from {{ ref("shipments") }}

),

timed as (

    select
        source,
        carrier,
        delivered_at,
        coalesce(delivered_at, last_event_at) - shipped_at as time_so_far
    from shipments

),

final as (

    select
        source,
        carrier,
        count(*) as parcels,
        count(*) filter (where delivered_at is null) as on_their_way,
        round(cast(extract(epoch from avg(time_so_far)) / 86400 as numeric), 1) as days_on_average,
        count(*) filter (where time_so_far > interval '{{ late_after_days }} days') as late,
        round(
            100.0 * count(*) filter (where time_so_far > interval '{{ late_after_days }} days')
            / count(*), 1
        ) as late_percent
    from timed
    group by source, carrier

)

select * from final
order by source asc, late_percent desc, carrier asc
