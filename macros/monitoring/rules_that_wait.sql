{#
    The rules by which a row waits for another row: references to valid rows.

    Returns: {entity: list of {"rule", "column", "parent": the entity referred to, "key": the
        column there}}, without entities that have none
#}
{% macro rules_that_wait() %}
    {%- set found = {} -%}
    {%- for entity in var("entities") if execute -%}
        {%- set model = graph.nodes["model." ~ project_name ~ ".checked_" ~ entity] -%}
        {%- for rule in model.config.meta.rules
            if rule.references is defined and rule.references.startswith("valid_") -%}
            {%- do found.setdefault(entity, []).append({
                "rule": rule.name,
                "column": rule.column,
                "parent": rule.references[6:],
                "key": rule.key or rule.column,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
