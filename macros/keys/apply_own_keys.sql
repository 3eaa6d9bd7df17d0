{# Other keys before foreign ones: a table may refer to itself. #}
{% macro apply_own_keys() %}
    {%- for constraint in declared_constraints(model) if constraint.type != "foreign_key" -%}
        {%- do add_constraint(this, constraint) -%}
    {%- endfor -%}
    {%- for constraint in declared_constraints(model) if constraint.type == "foreign_key" -%}
        {%- do add_constraint(this, constraint, relation_named(constraint.to)) -%}
    {%- endfor -%}
{% endmacro %}
