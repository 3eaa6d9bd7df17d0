{#
    Before a run: make the table that `record_results` writes to, and the schema of the
    tables that it reads. Not a model's own table: a run that selects other models, or only
    tests, writes its results too.
#}
{% macro make_run_results() -%}
    create schema if not exists monitoring;
    create table if not exists monitoring._run_results (
        build bigint not null,
        node text not null,
        resource_type text not null,
        status text not null,
        rows_affected bigint,
        seconds numeric not null,
        started_at timestamptz,
        proven_build bigint
    );
    create index if not exists _run_results_proven_build_idx
    on monitoring._run_results (node, proven_build) where proven_build is not null;
    comment on table monitoring._run_results is
        'What each run did, as the view run_results shows it.'
{%- endmacro %}
