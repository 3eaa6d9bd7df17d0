{#
    Operation: grant on everything that is built already, as configured. `python -m warehouse
    roles` runs it; a build does the same for what it builds.
#}
{% macro grant_all() %}
    {%- for node in graph.nodes.values() if node.config.grants -%}
        {%- set relation = load_relation(api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias
        )) -%}
        {%- if relation -%}
            {%- do grant_as_configured(relation, node, node.config.grants) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do run_query("commit") -%}
{% endmacro %}
