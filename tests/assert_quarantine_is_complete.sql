{#
    The quarantine knows the rows that fail now, held or corrected since, with the rules
    that they break; what it has released is valid. Of the rows that were judged since.
#}

{%- set since = since_last_pass() %}
{%- set quarantine = ref("quarantine") %}
{%- set checked_rows, quarantined_rows = {}, {} %}
{%- for entity in var("entities") %}
{%- do checked_rows.update({entity: ref("checked_" ~ entity)}) %}
{%- do quarantined_rows.update({entity: ref("quarantined_" ~ entity)}) %}
{%- endfor %}

with

judged as (
    {%- for entity in var("entities") %}

    select
        '{{ entity }}' as entity,
        load_id,
        row_id,
        failed_rules
    {%- if since %}
    from {{ checked_rows[entity] }}
    where build > {{ since }}
    {%- else %}
    from {{ quarantined_rows[entity] }}
    {%- endif %}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

held as (
    {%- if since %}

    select found.*
    from judged
    cross join {{ looked_up(
        quarantine,
        "entity = judged.entity and load_id = judged.load_id and row_id = judged.row_id"
    ) }} as found
    {%- else %}

    select * from {{ quarantine }}
    {%- endif %}

)

select
    entity,
    load_id,
    row_id,
    judged.failed_rules,
    held.failed_rules as failed_rules_in_quarantine,
    held.resolution
from judged
full join held using (entity, load_id, row_id)
where
    case
        when judged.failed_rules is not null
            then
                judged.failed_rules is distinct from held.failed_rules
                or held.resolution = 'released'
        else
            held.resolution is distinct from 'released'
            and held.source in ({{ quoted(var("sources")) }})
    end
