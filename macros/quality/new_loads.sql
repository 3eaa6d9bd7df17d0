{#
    The finished loads of an entity of which this model holds no row yet, and whether their
    rows are few beside those that it has: few rows look up what they refer to by index,
    many are joined with the whole of it.

    Asked of the model itself, load by load: a maximum of load ids would lose a load
    that was numbered early and committed late. Answered while dbt compiles, so that the
    ids stand in the statement as constants and reach the raw tables' BRIN indexes
    through every view between.

    Returns: {"ids": list of int, "are_few": bool}
#}
{% macro new_loads(entity) %}
    {%- set ledger = ref("stg_loader__loads") -%}
    {%- set raw_tables = [] -%}
    {%- for relation in staging_of(entity) if execute -%}
        {%- do raw_tables.extend(raw_tables_of("model." ~ project_name ~ "." ~ relation.identifier)) -%}
    {%- endfor -%}
    {%- if not raw_tables -%}
        {{ return({"ids": [], "are_few": true}) }}
    {%- endif -%}
    {%- set query -%}
        with

        loads as (

            select
                loads.load_id,
                loads.rows,
                held.load_id is null as is_new
            from {{ ledger }} as loads
            left join lateral (
                select stored.load_id
                from {{ this }} as stored
                where stored.load_id = loads.load_id
                -- By the order of the index: without it all rows of a table that holds few
                -- loads would be looked through for a load that is not there.
                order by stored.row_id
                limit 1
            ) as held on true
            where
                loads.status = 'loaded'
                and loads.rows > 0
                and loads.pruned_at is null
                and loads.source || '_' || loads.table_name in ({{ quoted(raw_tables) }})

        )

        select
            load_id,
            10 * sum(rows) over () <= (select sum(rows) from loads where not is_new) as are_few
        from loads
        where is_new
        order by load_id
    {%- endset -%}
    {%- set found = run_query(query) -%}
    {{ return({
        "ids": found.columns[0].values() | map("int") | list,
        "are_few": found.columns[1].values() | select | list | length == found | length,
    }) }}
{% endmacro %}
