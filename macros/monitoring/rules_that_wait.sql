{#
    The rules by which a row waits for another row: references to valid rows.

    Returns: list of {"entity", "rule", "column", "parent": the entity referred to, "key":
        the column there}
#}
{% macro rules_that_wait() %}
    {%- set found = [] -%}
    {%- for entity in var("entities") if execute -%}
        {%- set model = graph.nodes["model." ~ project_name ~ ".checked_" ~ entity] -%}
        {%- for rule in model.config.meta.rules
            if rule.references is defined and rule.references.startswith("valid_") -%}
            {%- do found.append({
                "entity": entity,
                "rule": rule.name,
                "column": rule.column,
                "parent": rule.references[6:],
                "key": rule.key or rule.column,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
