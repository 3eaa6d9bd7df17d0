{#
    A select for a test: the rows of a relation that are about something that was judged
    since the test last passed, looked up by index; all rows where it looks at everything
    (see since_last_pass).

    column:   the column of the relation
    entities: {entity: the column there that means the same, ...}
#}
{% macro unproven(relation, column, entities) -%}
    {%- set checked_rows = {} -%}
    {%- for entity in entities -%}
        {%- do checked_rows.update({entity: ref("checked_" ~ entity)}) -%}
    {%- endfor -%}
    {%- set since = since_last_pass() -%}
    {%- if since -%}
    select found.*
    from (
        {%- for entity, key in entities.items() %}
        select distinct {{ key }} as key from {{ checked_rows[entity] }} where build > {{ since }}
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %}
    ) as judged
    cross join {{ looked_up(relation, column ~ " = judged.key") }} as found
    {%- else -%}
    select * from {{ relation }}
    {%- endif -%}
{%- endmacro %}
