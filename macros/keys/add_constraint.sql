{#
    Add one constraint where PostgreSQL does not have it. While a table is being
    replaced, the old one still stands beside it under another name and has the key's
    name and the children's foreign keys: it gives them up.
#}
{% macro add_constraint(relation, constraint, parent=none) %}
    {%- set columns = constraint.columns | join(", ") -%}
    {%- if constraint.type == "not_null" -%}
        {%- do run_query("alter table " ~ relation ~ " alter column " ~ columns ~ " set not null") -%}
        {{ return(none) }}
    {%- endif -%}

    {%- set is_primary = constraint.type == "primary_key" -%}
    {%- set name = relation.identifier
        ~ ("_pkey" if is_primary else "_" ~ constraint.columns | join("_") ~ "_fkey") -%}
    {%- set holders -%}
        select
            conrelid::regclass::text as holder,
            conrelid = '{{ relation }}'::regclass
            and {{ "true" if is_primary else "confrelid = '" ~ parent ~ "'::regclass" }} as is_right
        from pg_constraint
        where
            conname = '{{ name }}'
            and connamespace = '{{ relation.schema }}'::regnamespace
    {%- endset -%}
    {%- set found = namespace(right=false) -%}
    {%- for holder in run_query(holders) -%}
        {%- if holder["is_right"] -%}
            {%- set found.right = true -%}
        {%- else -%}
            {%- do run_query("alter table " ~ holder["holder"] ~ " drop constraint " ~ name ~ " cascade") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not found.right -%}
        {%- do run_query(
            "alter table " ~ relation ~ " add constraint " ~ name
            ~ (" primary key (" ~ columns ~ ")" if is_primary else
                " foreign key (" ~ columns ~ ") references " ~ parent
                ~ " (" ~ constraint.to_columns | join(", ") ~ ")")
        ) -%}
    {%- endif -%}
{% endmacro %}
