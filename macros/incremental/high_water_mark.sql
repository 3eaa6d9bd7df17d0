{# The mark of this model as a constant, for a statement that is about to consume what lies past it. #}
{% macro high_water_mark() -%}
    {%- if not execute -%}
        {{ return("'-infinity'") }}
    {%- endif -%}
    {%- set query -%}
        select coalesce(max(evaluated_at), '-infinity')::text
        from quality._high_water_marks
        where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return("cast('" ~ run_query(query).columns[0].values()[0] ~ "' as timestamptz)") }}
{%- endmacro %}
