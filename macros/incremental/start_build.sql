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
    comment on table quality._builds is 'The builds, numbered as they began.';
    comment on column quality._builds.build is 'The number of the build.';
    comment on column quality._builds.started_at is 'When it began, UTC.';
    comment on table quality._high_water_marks is 'How far each incremental model has come.';
    comment on column quality._high_water_marks.model is 'The model.';
    comment on column quality._high_water_marks.build is
        'The last build whose changes it has consumed.';
    insert into quality._builds default values
    {%- endif -%}
{%- endmacro %}
