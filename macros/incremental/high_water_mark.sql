{#
    The last build that this model has consumed, as a constant, for a statement that is
    about to consume what lies past it.

    Returns: int
#}
{% macro high_water_mark() -%}
    {%- if not execute -%}
        {{ return(0) }}
    {%- endif -%}
    {#- Compiled before the first build, as by linters, there are no marks yet. -#}
    {%- set marks = api.Relation.create(
        database=target.database, schema="quality", identifier="_high_water_marks"
    ) -%}
    {%- if load_relation(marks) is none -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set query -%}
        select coalesce(max(build), 0)
        from {{ marks }}
        where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}
