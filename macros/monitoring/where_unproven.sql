{#
    In a test, the condition that keeps only what was judged since the test last passed: the
    rows whose `column` is found among the rows, of any of the entities named, that quality
    has judged since. Nothing where it looks at everything.
    `keyword`: where, or and.

    entities: {entity: the column there that means the same, ...}
#}
{% macro where_unproven(column, entities, keyword="where") -%}
    {%- set relations = {} -%}
    {%- for entity in entities -%}
        {%- do relations.update({entity: ref("checked_" ~ entity)}) -%}
    {%- endfor -%}
    {%- set proven = since_last_pass() -%}
    {%- if proven -%}
    {{ keyword }} {{ column }} in (
        {%- for entity, key in entities.items() %}
        select {{ key }} from {{ relations[entity] }} where build > {{ proven }}
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}
