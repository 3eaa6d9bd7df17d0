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
