{# By name and not by ref(): post-hooks look at tables that the model does not read. #}
{% macro relation_named(model_name) %}
    {%- set node = graph.nodes["model." ~ project_name ~ "." ~ model_name] -%}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias, type="table"
    )) }}
{% endmacro %}
