{#
    How far each incremental model of production and marts has consumed the quality
    layer: the evaluation time of the last checked rows that it has seen. Kept beside
    the tables, not in them, so that the same data gives the same rows, whenever it was
    built. Builds of one database must not overlap: evaluation times are theirs.
#}
{% macro create_high_water_marks() -%}
    {%- if flags.WHICH in ["build", "run", "seed", "snapshot"] -%}
    create schema if not exists quality;
    create table if not exists quality._high_water_marks (
        model text primary key,
        evaluated_at timestamptz not null
    )
    {%- endif -%}
{%- endmacro %}


{# Post-hook, in the model's own transaction. #}
{% macro set_high_water_mark() -%}
    insert into quality._high_water_marks (model, evaluated_at)
    values ('{{ this.identifier }}', '{{ run_started_at }}')
    on conflict (model) do update set evaluated_at = excluded.evaluated_at
{%- endmacro %}


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
