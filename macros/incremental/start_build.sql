{#
    Before a run: give it the next number, and make the two small tables that say how
    far each model has come. A number from the database and not a time: clocks differ
    between machines and go backwards, and a change with an early time would be lost.

    The marks stand beside the tables that they speak of, not in them: the same data
    gives the same rows, whenever it was built. Builds of one database must not overlap.
#}
{% macro start_build() -%}
    {%- if flags.WHICH in ["build", "run", "snapshot"] -%}
    create schema if not exists quality;
    create table if not exists quality._builds (
        build bigint generated always as identity primary key,
        started_at timestamptz not null default current_timestamp
    );
    create table if not exists quality._high_water_marks (
        model text primary key,
        build bigint not null
    );
    insert into quality._builds default values
    {%- endif -%}
{%- endmacro %}
