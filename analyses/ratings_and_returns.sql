-- Do badly rated goods come back more often?
--
-- Reviews of what was bought, by their stars, and how many of these purchases were returned.

with

reviews as (

    select * from {{ ref("fct_reviews") }}

),

returned as (

    select distinct
        order_id,
        product_id
    from {{ ref("fct_returns") }}

),

final as (

    select
        reviews.source,
        reviews.rating,
        count(*) as reviews,
        round(100.0 * count(*) / sum(count(*)) over (partition by reviews.source), 1)
            as percent_of_reviews,
        count(returned.order_id) as returned,
        round(100.0 * count(returned.order_id) / count(*), 2) as returned_percent
    from reviews
    left join returned
        on reviews.order_id = returned.order_id and reviews.product_id = returned.product_id
    group by reviews.source, reviews.rating

)

select * from final
order by source asc, rating desc
