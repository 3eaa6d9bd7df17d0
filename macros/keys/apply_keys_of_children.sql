{#
    A table that was rebuilt has lost the foreign keys that pointed to it. A child that
    this run rebuilds too makes them itself, when it holds the rows that belong to the
    new parent; a child that is not built yet has none.
#}
{% macro apply_keys_of_children() %}
    {%- for child in graph.nodes.values()
        if child.resource_type == "model" and child.name != model.name
        and not (flags.FULL_REFRESH and child.unique_id in selected_resources) -%}
        {%- for constraint in declared_constraints(child)
            if constraint.type == "foreign_key" and constraint.to == model.name -%}
            {%- set relation = load_relation(relation_named(child.name)) -%}
            {%- if relation -%}
                {%- do add_constraint(relation, constraint, this) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
