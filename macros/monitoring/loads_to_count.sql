{#
    The raw tables of the sources that are built, without the generator's truth, and which of
    their loads are to be counted: those that are not counted yet, or differ.

    ledger:  the relation of all loads
    counted: the relation of those counted before; none to count all

    Returns: list of {"relation": quoted, "entities": those that staging makes of its rows,
        "load_ids": list of int}
#}
{% macro loads_to_count(ledger, counted) %}
    {%- set query -%}
        select
            loads.source || '_' || loads.table_name as table_name,
            loads.load_id
        from {{ ledger }} as loads
        {%- if counted %}
        left join {{ counted }} as counted on loads.load_id = counted.load_id
        {%- endif %}
        where
            loads.status = 'loaded'
            {%- if counted %}
            and coalesce(counted.difference, 1) <> 0
            {%- endif %}
        order by loads.load_id
    {%- endset -%}
    {%- set load_ids = {} -%}
    {#- Compiled before the first build, as by linters, there is no ledger to ask. -#}
    {%- for load in (run_query(query) if load_relation(ledger) else []) -%}
        {%- do load_ids.setdefault(load["table_name"], []).append(load["load_id"] | int) -%}
    {%- endfor -%}

    {%- set tables = [] -%}
    {%- for table in graph.sources.values()
        if table.source_name in var("sources") and not table.name.startswith("_truth") -%}
        {%- set entities = [] -%}
        {%- for entity in var("delivers")[table.source_name] -%}
            {%- set staging = "model." ~ project_name ~ ".stg_" ~ table.source_name ~ "__" ~ entity -%}
            {%- if table.identifier in raw_tables_of(staging) -%}
                {%- do entities.append(entity) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do tables.append({
            "relation": table.relation_name,
            "entities": entities,
            "load_ids": load_ids.get(table.identifier, []),
        }) -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}
