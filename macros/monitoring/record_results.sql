{#
    After a run, also one that failed: write what became of each node, in one statement. A
    run that was killed writes nothing: what it tested counts as not tested.

    A test that passed has seen what was judged up to this build, but no further than the
    models that it reads have come: in a run of a few models one of them may lag behind, and
    what it consumes later was not tested yet.
#}
{% macro record_results(results) -%}
    {%- set recorded = ["model", "seed", "snapshot", "test", "unit_test"] -%}
    {%- set rows = [] -%}
    {%- for result in results if result.node.resource_type in recorded -%}
        {%- set node = result.node -%}
        {%- set is_test = node.resource_type == "test" -%}
        {%- set written = result.failures if is_test
            else (result.adapter_response or {}).get("rows_affected", -1) -%}
        {%- set proven = "null::bigint" -%}
        {%- if is_test and result.status == "pass" -%}
            {%- set proven = "(select least(" ~ this_build() ~ ", min(build))"
                ~ " from quality._high_water_marks where model in ("
                ~ quoted(ancestors(node.unique_id)) ~ "))" -%}
        {%- endif -%}
        {%- do rows.append("(" ~ [
            "coalesce(" ~ this_build() ~ ", 0)",
            "'" ~ node.name ~ "'",
            "'" ~ node.resource_type ~ "'",
            "'" ~ result.status ~ "'",
            written if written is not none and written >= 0 else "null::bigint",
            result.execution_time | round(3),
            "timestamptz '" ~ result.timing[0].started_at ~ "Z'" if result.timing else "null::timestamptz",
            proven,
        ] | join(", ") ~ ")") -%}
    {%- endfor -%}
    {%- if rows -%}
    insert into monitoring._run_results
    values {{ rows | join(",\n") }}
    {%- endif -%}
{%- endmacro %}
