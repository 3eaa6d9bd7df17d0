{#
    The build up to which the test that is compiled has seen all that was judged, the last
    time it passed: it need look only at rows with a later `build`. 0, and so everything,
    where it never passed, in a full refresh and with the variable `audit`.

    Returns: int
#}
{% macro since_last_pass() -%}
    {%- if not execute or flags.FULL_REFRESH or var("audit") -%}
        {{ return(0) }}
    {%- endif -%}
    {#- Compiled before the first build, as by linters, there are no results yet. -#}
    {%- set results = api.Relation.create(
        database=target.database, schema="monitoring", identifier="_run_results"
    ) -%}
    {%- if load_relation(results) is none -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set query -%}
        select coalesce(max(proven_build), 0)
        from {{ results }}
        where node = '{{ model.name }}' and proven_build is not null
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0] | int) }}
{%- endmacro %}
