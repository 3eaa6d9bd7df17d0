{#
    The rows of a relation that were delivered by the loads given, each with its record as
    delivered.

    rows:  a relation with load_id and row_id
    loads: the ids of the loads to look into; none: all
#}
{% macro with_records(entity, rows, loads=none) -%}
    {%- for relation in staging_of(entity) -%}
    select
        wanted.*,
        delivered.record
    from {{ relation }} as delivered
    -- `+ 0`: not by the index of loads, which would read a whole load for each row.
    inner join {{ rows }} as wanted
        on
            delivered.load_id + 0 = wanted.load_id
            and delivered.row_id = wanted.row_id
        {%- if loads is not none %}
    where delivered.load_id in ({{ loads | join(", ") or "null" }})
        {%- endif %}
        {%- if not loop.last %}

    union all

    {% endif %}
    {%- else -%}
    select
        wanted.*,
        cast(null as jsonb) as record
    from {{ rows }} as wanted
    where false
    {%- endfor %}
{%- endmacro %}
