{#
    What a node's YAML declares, in one shape.

    Returns: list of {"type": primary_key | foreign_key | not_null, "columns": [...],
        "to": a model's name,
    "to_columns": [...]}. A table that refers to itself does so by `expression: itself
        (column)`: a ref() would be a cycle.
#}
{% macro declared_constraints(node) %}
    {%- set declared = [] -%}
    {%- for constraint in node.constraints -%}
        {%- do declared.append([constraint.columns, constraint]) -%}
    {%- endfor -%}
    {%- for column in node.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- do declared.append([[column.name], constraint]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set constraints = [] -%}
    {%- for columns, constraint in declared -%}
        {#- In nodes that dbt has not compiled yet `to` is as written, in others the relation's quoted name. -#}
        {%- set to = constraint.to or (constraint.expression or "").split("(")[0] -%}
        {%- set to_columns = constraint.to_columns
            or (constraint.expression or "").split("(")[-1].replace(")", "").split(",") -%}
        {%- do constraints.append({
            "type": constraint.type.value or constraint.type,
            "columns": columns,
            "to": modules.re.sub("ref\\(|[()'\"]", "", to).split(".")[-1] | trim,
            "to_columns": to_columns,
        }) -%}
    {%- endfor -%}
    {{ return(constraints) }}
{% endmacro %}
