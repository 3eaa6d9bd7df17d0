{#
    Before a run: give it the next number, and make the small tables that say how far each
    model has come and what has changed for those that are behind. A number from the database and not a time: clocks differ
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
    create table if not exists quality._changed_keys (
        model text not null,
        key text,
        since timestamptz,
        build bigint not null
    );
    create index if not exists _changed_keys_model_build_idx
        on quality._changed_keys (model, build);
    comment on table quality._changed_keys is
        'What merges have changed, until every model has read it.';
    comment on column quality._changed_keys.model is 'The model whose row has changed.';
    comment on column quality._changed_keys.key is
        'What the row is about; null after a full build: it may be any row.';
    comment on column quality._changed_keys.since is
        'Of versions, the moment from which another one holds.';
    comment on column quality._changed_keys.build is 'The build that changed it.';
    comment on table quality._builds is 'The builds, numbered as they began.';
    comment on column quality._builds.build is 'The number of the build.';
    comment on column quality._builds.started_at is 'When it began, UTC.';
    comment on table quality._high_water_marks is 'How far each incremental model has come.';
    comment on column quality._high_water_marks.model is 'The model.';
    comment on column quality._high_water_marks.build is
        'The last build whose changes it has consumed.';
    delete from quality._changed_keys
    where build <= (select min(build) from quality._high_water_marks);
    insert into quality._builds default values
    {%- endif -%}
{%- endmacro %}
