{#
    The loads that hold rows which quarantine is about to take in: rows judged since it was
    last built that it has not seen before. The ids stand in the statement as constants, so
    that of the raw tables no more is read than these loads.

    Returns: list of int; none where all loads are wanted
#}
{% macro loads_to_show(mark) %}
    {%- set queries = [] -%}
    {%- for entity in var("entities") -%}
        {%- set query -%}
            select held.load_id
            from {{ ref("quarantined_" ~ entity) }} as held
            where
                held.build > {{ mark }}
                and not exists (
                    select
                    from {{ this }} as seen
                    where
                        seen.entity = '{{ entity }}'
                        and seen.load_id = held.load_id
                        and seen.row_id = held.row_id
                )
        {%- endset -%}
        {%- do queries.append(query) -%}
    {%- endfor -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set found = run_query(queries | join(" union ")) -%}
    {{ return(found.columns[0].values() | map("int") | list) }}
{% endmacro %}
