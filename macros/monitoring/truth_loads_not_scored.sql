{#
    The loads of the generator's ledger of defects that the model does not hold yet, as
    constants for `in (...)`, which reach the raw table's BRIN index.
#}
{% macro truth_loads_not_scored(ledger) -%}
    {%- if not execute -%}
        {{ return("null") }}
    {%- endif -%}
    {%- set query -%}
        select load_id
        from {{ ledger }} as ledger
        where
            status = 'loaded'
            and table_name = '_truth_defects'
            and rows > 0
            and not exists (
                select from {{ this }} as scored
                where scored.truth_load_id = ledger.load_id
            )
        order by load_id
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | map("int") | join(", ") or "null") }}
{%- endmacro %}
