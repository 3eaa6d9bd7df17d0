{#
    Every primary and foreign key that a production or marts model declares stands in
    pg_constraint, validated and towards the right table. One row for each that does
    not.
#}

{%- set declared = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == "model" and node.config.enabled -%}
        {%- for constraint in declared_constraints(node) if constraint.type in ("primary_key", "foreign_key") -%}
            {%- do declared.append({
                "child": relation_named(node.name),
                "type": constraint.type[0],
                "columns": constraint.columns | join(","),
                "parent": relation_named(constraint.to) if constraint.type == "foreign_key",
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}

-- depends_on: {{ ref("customers") }}, {{ ref("customer_history") }}, {{ ref("returns") }}, {{ ref("payments") }}
-- depends_on: {{ ref("reconciliation") }}, {{ ref("row_counts") }}

with

declared (child, type, columns, parent) as (

    values
    {%- for key in declared %}
    (
        to_regclass('{{ key.child }}'),
        '{{ key.type }}',
        '{{ key.columns }}',
        {% if key.parent %}to_regclass('{{ key.parent }}'){% else %}null::regclass{% endif %}
    ){{ "," if not loop.last }}
    {%- else %}
    (null::regclass, null, null, null::regclass)
    {%- endfor %}

),

enforced as (

    select
        constraints.conrelid as child,
        constraints.contype::text as type,
        constraints.confrelid as parent,
        string_agg(columns.attname, ',' order by keys.position) as columns
    from pg_constraint as constraints
    cross join lateral unnest(constraints.conkey) with ordinality as keys (attnum, position)
    inner join pg_attribute as columns
        on constraints.conrelid = columns.attrelid and keys.attnum = columns.attnum
    where constraints.contype in ('p', 'f') and constraints.convalidated
    group by constraints.oid

)

select declared.*
from declared
left join enforced
    on
        declared.child = enforced.child
        and declared.type = enforced.type
        and declared.columns = enforced.columns
        and (declared.type = 'p' or declared.parent = enforced.parent)
where enforced.child is null
