{#
    Give the roles of this warehouse the rights on a relation that its configuration names,
    `grants: {select: [reader, ...]}`, and take away those that it does not name. Personal
    columns are for roles whose names end with _pii: where a relation has such columns, other
    roles get the rest one by one, since a right to the whole would cover every column.

    One query compares what is with what should be and writes what is missing. Where the
    roles are not made, or all is right, nothing is written.
#}
{% macro grant_as_configured(relation, node, grant_config) %}
    {%- if grant_config.keys() | list != ["select"] -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ": `grants` may name select only, not " ~ grant_config.keys() | join(", ")
        ) -%}
    {%- endif -%}
    {%- set readers = ["loader", "reader", "reader_pii"] -%}
    {%- for role in grant_config["select"] if role not in readers -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ": `grants` names " ~ role ~ ", which is none of " ~ readers | join(", ")
        ) -%}
    {%- endfor -%}
    {%- set personal = personal_columns(node) -%}
    {%- set missing -%}
        with

        roles as (

            select
                pg_roles.oid,
                quote_ident(pg_roles.rolname) as role_name,
                named.may_read,
                named.may_read and (named.sees_personal or not {{ personal != [] }}) as may_read_all
            from (
                values
                {%- for role in readers %}
                (
                    '{{ warehouse_role(role) }}',
                    {{ role in grant_config["select"] }},
                    {{ role.endswith("_pii") }}
                ){{ "," if not loop.last }}
                {%- endfor %}
            ) as named (role_name, may_read, sees_personal)
            inner join pg_roles on named.role_name = pg_roles.rolname

        ),

        compared as (

            select
                roles.*,
                relations.schema_name,
                relations.has_all,
                columns.missing,
                columns.granted,
                columns.too_many
            from roles
            cross join lateral (
                select
                    pg_class.oid,
                    quote_ident(pg_namespace.nspname) as schema_name,
                    exists (
                        select from aclexplode(pg_class.relacl) as acl
                        where acl.grantee = roles.oid and acl.privilege_type = 'SELECT'
                    ) as has_all
                from pg_class
                inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
                where pg_class.oid = '{{ relation }}'::regclass
            ) as relations
            cross join lateral (
                select
                    string_agg(quote_ident(attribute.attname), ', ') filter (
                        where not is_personal and (not is_granted or relations.has_all)
                    ) as missing,
                    count(*) filter (where is_granted) as granted,
                    string_agg(quote_ident(attribute.attname), ', ') filter (
                        where is_personal and is_granted
                    ) as too_many
                from pg_attribute as attribute
                cross join lateral (
                    select
                        {% if personal -%}
                        attribute.attname in ({{ quoted(personal) }})
                        {%- else -%}
                        false
                        {%- endif %} as is_personal,
                        exists (
                            select from aclexplode(attribute.attacl) as acl
                            where acl.grantee = roles.oid and acl.privilege_type = 'SELECT'
                        ) as is_granted
                ) as rights
                where
                    attribute.attrelid = relations.oid
                    and attribute.attnum > 0
                    and not attribute.attisdropped
            ) as columns

        )

        -- Two models of a new schema would change its row at once, which PostgreSQL refuses: they
        -- wait for each other. To revoke the right to the whole revokes those to its columns too.
        select string_agg(nullif(concat_ws(
            '; ',
            case
                when may_read and not has_schema_privilege(oid, schema_name, 'usage')
                    then format(
                        'select pg_advisory_xact_lock(hashtext(''counting-house.grants'')); '
                        'grant usage on schema %s to %s', schema_name, role_name
                    )
            end,
            case
                when has_all and not may_read_all or granted > 0 and not may_read
                    then format('revoke select on {{ relation }} from %s', role_name)
                when not may_read_all and too_many is not null
                    then format('revoke select (%s) on {{ relation }} from %s', too_many, role_name)
            end,
            case
                when may_read_all and not has_all
                    then format('grant select on {{ relation }} to %s', role_name)
                when may_read and not may_read_all and missing is not null
                    then format('grant select (%s) on {{ relation }} to %s', missing, role_name)
            end
        ), ''), '; ') as statements
        from compared
    {%- endset -%}
    {%- set statements = run_query(missing).columns[0].values()[0] -%}
    {%- if statements -%}
        {%- do run_query(statements) -%}
    {%- endif -%}
{% endmacro %}
