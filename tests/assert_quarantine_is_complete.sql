{#
    The quarantine knows exactly the rows of the sources that are built that fail now, held
    or corrected since; what it has released is valid.
#}
with

failing as (
    {%- for entity in var("entities") %}

    select
        '{{ entity }}' as entity,
        load_id,
        row_id,
        failed_rules
    from {{ ref("quarantined_" ~ entity) }}
    where source in ({{ quoted(var("sources")) }})
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
    where resolution is distinct from 'released' and source in ({{ quoted(var("sources")) }})

)

select *
from failing
full join held using (entity, load_id, row_id)
where failing.failed_rules is distinct from held.failed_rules
