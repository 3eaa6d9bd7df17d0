{#
    The ids of the finished loads behind some staging models of which this model holds
    no row yet.

    Asked of the model itself, load by load: a maximum of load ids would lose a load
    that was numbered early and committed late. Answered while dbt compiles, so that the
    ids stand in the statement as constants and reach the raw tables' BRIN indexes
    through every view between.

    Returns: list of int
#}
{% macro loads_not_held(staging_relations) %}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set raw_tables = [] -%}
    {%- for relation in staging_relations -%}
        {%- do raw_tables.extend(raw_tables_of("model." ~ project_name ~ "." ~ relation.identifier)) -%}
    {%- endfor -%}
    {%- set query -%}
        select loads.load_id
        from {{ ref("stg_loader__loads") }} as loads
        where
            loads.status = 'loaded'
            and loads.rows > 0
            and loads.pruned_at is null
            and loads.source || '_' || loads.table_name in ({{ quoted(raw_tables) }})
            and not exists (
                select from {{ this }} as held
                where held.load_id = loads.load_id
            )
        order by loads.load_id
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | map("int") | list) }}
{% endmacro %}
