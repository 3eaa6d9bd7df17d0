{#
    Post-hook: the primary key, foreign keys and not-null columns that a model declares
    under `constraints` in its YAML, made in PostgreSQL after its rows and in the same
    transaction. A key present before the rows makes a load nearly three times slower,
    and a rebuilt table has lost not only its own keys but those of its children. So
    each build compares what is declared with what is there and adds what is missing,
    the children's foreign keys to this table included.
#}
{% macro apply_keys() %}
    {%- if execute -%}
        {%- do apply_own_keys() -%}
        {%- do apply_keys_of_children() -%}
    {%- endif -%}
{% endmacro %}


{% macro apply_own_keys() %}
    {%- for constraint in declared_constraints(model) if constraint.type != "foreign_key" -%}
        {%- do add_constraint(this, constraint) -%}
    {%- endfor -%}
    {%- for constraint in declared_constraints(model) if constraint.type == "foreign_key" -%}
        {%- do add_constraint(this, constraint, relation_named(constraint.to)) -%}
    {%- endfor -%}
{% endmacro %}


{% macro apply_keys_of_children() %}
    {%- for child in graph.nodes.values() if child.resource_type == "model" and child.name != model.name -%}
        {%- for constraint in declared_constraints(child)
            if constraint.type == "foreign_key" and constraint.to == model.name -%}
            {%- set relation = load_relation(relation_named(child.name)) -%}
            {%- if relation -%}
                {%- do add_constraint(relation, constraint, this) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}


{#
    What a node's YAML declares, in one shape.

    Returns: list of {"type": primary_key | foreign_key | not_null, "columns": [...],
        "to": a model's name,
    "to_columns": [...]}. A table that refers to itself does so by `expression: itself
        (column)`: a ref() would be a cycle.
#}
{% macro declared_constraints(node) %}
    {%- set declared = [] -%}
    {%- for constraint in node.constraints -%}
        {%- do declared.append([constraint.columns, constraint]) -%}
    {%- endfor -%}
    {%- for column in node.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- do declared.append([[column.name], constraint]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set constraints = [] -%}
    {%- for columns, constraint in declared -%}
        {#- In nodes that dbt has not compiled yet `to` is as written, in others the relation's quoted name. -#}
        {%- set to = constraint.to or (constraint.expression or "").split("(")[0] -%}
        {%- set to_columns = constraint.to_columns
            or (constraint.expression or "").split("(")[-1].replace(")", "").split(",") -%}
        {%- do constraints.append({
            "type": constraint.type.value or constraint.type,
            "columns": columns,
            "to": modules.re.sub("ref\\(|[()'\"]", "", to).split(".")[-1] | trim,
            "to_columns": to_columns,
        }) -%}
    {%- endfor -%}
    {{ return(constraints) }}
{% endmacro %}


{% macro relation_named(model_name) %}
    {%- set node = graph.nodes["model." ~ project_name ~ "." ~ model_name] -%}
    {{ return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias, type="table"
    )) }}
{% endmacro %}


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
