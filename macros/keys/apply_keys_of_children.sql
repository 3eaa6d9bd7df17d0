{#
    A table that was rebuilt has lost the foreign keys that pointed to it; children that
    are not built yet make theirs themselves.
#}
{% macro apply_keys_of_children() %}
    {%- for child in graph.nodes.values() if child.resource_type == "model" and child.name != model.name -%}
        {%- for constraint in declared_constraints(child)
            if constraint.type == "foreign_key" and constraint.to == model.name -%}
            {%- set relation = load_relation(relation_named(child.name)) -%}
            {%- if relation -%}
                {%- do add_constraint(relation, constraint, this) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
