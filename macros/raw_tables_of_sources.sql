{#
    The raw tables that the given sources deliver, without the generator's truth.

    Returns: list of relation names, quoted
#}
{% macro raw_tables_of_sources(source_names) %}
    {%- set tables = [] -%}
    {%- if execute -%}
        {%- for table in graph.sources.values() if table.source_name in source_names -%}
            {%- if not table.name.startswith("_truth") -%}
                {%- do tables.append(table.relation_name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tables) }}
{% endmacro %}
