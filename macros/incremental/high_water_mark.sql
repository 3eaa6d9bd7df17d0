{#
    The last build that this model has consumed, as a constant, for a statement that is
    about to consume what lies past it.

    Returns: int
#}
{% macro high_water_mark() -%}
    {%- if not execute -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set query -%}
        select coalesce(max(build), 0)
        from quality._high_water_marks
        where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}
