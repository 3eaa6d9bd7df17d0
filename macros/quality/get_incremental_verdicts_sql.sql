{#
    The incremental strategy of the checked tables: rows that were judged anew take the
    place of what is stored. Found through the index of the table's identity, row by row:
    a join could read all of it. Most are rows of new loads, and find nothing.
#}
{% macro get_incremental_verdicts_sql(arg_dict) -%}
    {%- set target = arg_dict["target_relation"] -%}
    {%- set judged = arg_dict["temp_relation"] -%}
    {%- set columns = arg_dict["dest_columns"] | map(attribute="quoted") | join(", ") -%}
    delete from {{ target }}
    where ctid = any (array(
        select stored.place
        from {{ judged }} as judged
        cross join lateral (
            select stored.ctid as place
            from {{ target }} as stored
            where stored.load_id = judged.load_id and stored.row_id = judged.row_id
            offset 0
        ) as stored
    ));

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ judged }}
{%- endmacro %}
