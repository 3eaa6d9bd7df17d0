{#
    In an incremental build, the condition that keeps only what has changed since the
    model was last built: the rows whose `column` is found among the rows, of any of the
    entities named, that quality has judged since. Nothing in a full build. `keyword`:
    where, or and.

    A row that was held is a change like one that was let pass: what a version named that
    has lost its place must be built anew without it.

    entities: {entity: the column there that means the same, ...}
#}
{% macro where_changed(column, entities, keyword="where") -%}
    {%- set relations = {} -%}
    {%- for entity in entities -%}
        {%- do relations.update({entity: ref("checked_" ~ entity)}) -%}
    {%- endfor -%}
    {%- if is_incremental() -%}
    {{ keyword }} {{ column }} in (
        {%- for entity, key in entities.items() %}
        select {{ key }} from {{ relations[entity] }} where {{ is_judged_since() }}
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}
