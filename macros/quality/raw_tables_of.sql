{# The names of the raw tables that a staging model reads, directly or through others. #}
{% macro raw_tables_of(unique_id) %}
    {%- set tables = [] -%}
    {%- for parent in graph.nodes[unique_id].depends_on.nodes -%}
        {%- if parent.startswith("source.") -%}
            {%- if graph.sources[parent].source_name != "loader" -%}
                {%- do tables.append(graph.sources[parent].identifier) -%}
            {%- endif -%}
        {%- elif parent.startswith("model.") -%}
            {%- do tables.extend(raw_tables_of(parent)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}
