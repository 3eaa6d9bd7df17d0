-- Which products earn most?
--
-- What stayed sold, after discounts and refunds, less its cost: the ten best of each source and
-- currency, of those whose cost is known.

with

product_performance as (

    select * from {{ ref("product_performance") }}
    where margin_amount is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by source, currency
            order by margin_amount desc, product_id asc
        ) as place
    from product_performance

),

final as (

    select
        source,
        currency,
        place,
        product_id,
        product_name,
        units - returned_units as units,
        round(net_amount, 2) as net_amount,
        round(margin_amount, 2) as margin_amount,
        round(100 * margin_amount / nullif(net_amount, 0), 1) as margin_percent
    from ranked
    where place <= 10

)

select * from final
order by source, currency, place
