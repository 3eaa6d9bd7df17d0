{#
    Every fact points to versions that its dimensions have, and that held at the time of the
    event: no foreign key could say the latter, and one would forbid that versions vanish.
    Looked at are the facts that were judged since the test last passed, and those of
    customers and products of whom versions were, from the first of these on.
#}

{%- set by_order = {"orders": "order_id"} -%}
{%- set facts = {
    "fct_sales": [
        "ordered_at", "order_id", dict(by_order, order_items="order_id"), ["customer", "product"],
    ],
    "fct_orders": ["ordered_at", "order_id", by_order, ["customer"]],
    "fct_payments": ["happened_at", "order_id", dict(by_order, payments="order_id"), ["customer"]],
    "fct_returns": ["returned_at", "return_id", {"returns": "return_id"}, ["customer", "product"]],
    "fct_reviews": ["created_at", "review_id", {"reviews": "review_id"}, ["customer", "product"]],
    "fct_bids": ["bid_at", "bid_id", {"bids": "bid_id"}, ["customer", "product"]],
    "fct_inventory": ["extracted_at", "batch", {"inventory": "batch"}, ["product"]],
} -%}
{%- set dims = {"customer": ref("dim_customers"), "product": ref("dim_products")} -%}
{%- set product_history = ref("product_history") -%}
{%- set checked_customers = ref("checked_customers") -%}
{%- set checked_products = ref("checked_products") -%}
{%- set proven = since_last_pass() -%}

with

customer_changes as (

    select
        customer_id as key,
        min(updated_at) as since
    from {{ checked_customers }}
    where build > {{ proven }}
    group by customer_id

),

product_changes as (

    select
        versions.product_id as key,
        min(versions.valid_from) as since
    from (
        select
            source,
            min(batch) as batch
        from {{ checked_products }}
        where build > {{ proven }}
        group by source
    ) as first_extracts
    inner join {{ product_history }} as versions
        on
            first_extracts.source = versions.source
            and first_extracts.batch <= versions.batch
    group by versions.product_id

),

facts as (
    {%- for fact, (at, column, entities, members) in facts.items() %}
    {%- set relation = ref(fact) %}
    {%- set columns %}
        '{{ fact }}' as fact,
        {{ at }} as happened_at,
        {%- for dim in dims %}
        {{ dim ~ "_id" if dim in members else "cast(null as text)" }} as {{ dim }}_id,
        {{ dim ~ "_valid_from" if dim in members else "cast(null as timestamptz)" }}
            as {{ dim }}_valid_from{{ "," if not loop.last }}
        {%- endfor %}
    {%- endset %}

    select {{ columns }}
    from (
        {{ unproven(relation, column, entities) }}
    ) as {{ fact }}_judged
    {%- for dim in members if proven %}

    union all

    select {{ columns }}
    from {{ dim }}_changes as changes
    cross join {{ looked_up(
        relation, dim ~ "_id = changes.key and " ~ at ~ " >= changes.since"
    ) }} as found
    {%- endfor %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select facts.*
from facts
{%- for dim, relation in dims.items() %}
left join {{ relation }} as {{ dim }}s
    on
        facts.{{ dim }}_id = {{ dim }}s.{{ dim }}_id
        and facts.{{ dim }}_valid_from = {{ dim }}s.valid_from
{%- endfor %}
where
    {%- for dim in dims %}
    {{ "or " if not loop.first }}(
        facts.{{ dim }}_id is not null
        and (
            {{ dim }}s.{{ dim }}_id is null
            or facts.happened_at < {{ dim }}s.valid_from
            or facts.happened_at >= {{ dim }}s.valid_to
        )
    )
    {%- endfor %}
