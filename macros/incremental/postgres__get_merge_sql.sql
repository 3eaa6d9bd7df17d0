{#
    dbt's merge, but it writes only the rows that differ: a build without news leaves
    every row as it was, and a row that has not changed costs no new version, no
    write-ahead log and no index entries. The new rows are analyzed first: how many there
    are decides how the table is read.

    Under `meta` a model may say more:

    delete_when: a condition over `source`, the new rows. Rows of the table that match one
        of these are deleted, and such a row is not inserted.
    replaces: a column of the key. The new rows are all there is of each of its values:
        other rows of these are deleted.
    changes: what the models that read it want to know of its changes, kept in
        quality._changed_keys (see where_keys_changed): `key`, the column that names what
        has changed; of versions also `since` and `until`, their interval, and `columns`,
        those that readers take over.
#}
{% macro postgres__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = dest_columns | map(attribute="name") | list -%}
    {%- set excluded = config.get("merge_exclude_columns", default=[]) -%}
    {%- set updated = columns | reject("in", keys) | reject("in", excluded) | list -%}
    {%- set meta = config.get("meta", default={}) -%}
    {%- set same_row -%}
        {%- for key in keys %}
            target.{{ key }} = source.{{ key }}{{ " and" if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- set vanished -%}
        target.{{ meta.replaces }} in (select {{ meta.replaces }} from {{ source }})
        and not exists (select from {{ source }} as source where {{ same_row }})
    {%- endset -%}

    analyze {{ source }};
    {%- if meta.changes %}
    {{ log_changed_keys(target, source, same_row, vanished if meta.replaces, updated, meta.changes) }};
    {%- endif %}
    {%- if meta.replaces %}
    delete from {{ target }} as target where {{ vanished }};
    {%- endif %}
    merge into {{ target }} as target
    using {{ source }} as source
        on {{ same_row }}
            {%- for predicate in incremental_predicates or [] %}
            and {{ predicate }}
            {%- endfor %}
    {%- if meta.delete_when %}
    when matched and ({{ meta.delete_when }}) then delete
    {%- endif %}
    {%- if updated %}
    when matched and ({{ differs(updated) }}) then update set
        {%- for column in updated %}
        {{ column }} = source.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    {%- endif %}
    when not matched{% if meta.delete_when %} and ({{ meta.delete_when }}) is not true{% endif %} then
        insert ({{ columns | join(", ") }})
        values ({% for column in columns %}source.{{ column }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}
