{#
    The names of all models that a node reads, directly or through others.

    Returns: list of str
#}
{% macro ancestors(unique_id) %}
    {%- set found = {unique_id: none} -%}
    {%- set waiting = [unique_id] -%}
    {#- Jinja has no while: the loop reads the list as it grows. -#}
    {%- for each in waiting -%}
        {%- for parent in graph.nodes[each].depends_on.nodes
            if parent in graph.nodes and parent not in found -%}
            {%- do found.update({parent: graph.nodes[parent].name}) -%}
            {%- do waiting.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found.values() | reject("none") | list) }}
{% endmacro %}
