{# The quarantine holds exactly the rows that fail now; what it has let go of is valid. #}
with

failing as (
    {%- for entity in var("entities") %}

    select
        '{{ entity }}' as entity,
        load_id,
        row_id,
        failed_rules
    from {{ ref("quarantined_" ~ entity) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

held as (

    select
        entity,
        load_id,
        row_id,
        failed_rules
    from {{ ref("quarantine") }}
    where resolved_at is null

)

select *
from failing
full join held using (entity, load_id, row_id)
where failing.failed_rules is distinct from held.failed_rules
