with recursive

delivered as (

    {{ union_sources("categories", {"category_id": "text", "parent_category_id": "text"}) }}

),

rooted as (

    select category_id
    from delivered
    where parent_category_id is null

    union

    select delivered.category_id
    from delivered
    inner join rooted on delivered.parent_category_id = rooted.category_id

)

select category_id
from rooted
where category_id is not null
