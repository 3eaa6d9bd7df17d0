{#
    The statement that notes, before a merge, what it will change: each key, and of
    versions the moment from which another one holds or one of the columns that matter is
    another. The version before a new one only ends: what it held for before stays.

    target, source: the table and the new rows
    same_row:       the condition of the merge
    vanished:       the condition over target of the rows that will be deleted
    updated:        the columns that the merge compares
    changes:        see postgres__get_merge_sql
#}
{% macro log_changed_keys(target, source, same_row, vanished, updated, changes) -%}
    {%- set matter = changes.columns if changes.columns is defined else updated -%}
    insert into quality._changed_keys (model, key, since, build)
    select
        '{{ this.identifier }}',
        changed.key,
        {{ "min(changed.since)" if changes.since else "null" }},
        {{ this_build() }}
    from (
        select
            source.{{ changes.key }} as key
            {%- if changes.since %},
            case
                when target.{{ changes.key }} is null{% if matter %} or {{ differs(matter) }}{% endif %}
                    then source.{{ changes.since }}
                else least(target.{{ changes.until }}, source.{{ changes.until }})
            end as since
            {%- endif %}
        from {{ source }} as source
        left join {{ target }} as target on {{ same_row }}
        where
            target.{{ changes.key }} is null
            or {{ differs(matter + ([changes.until] if changes.until else [])) }}
        {%- if vanished %}

        union all

        select
            target.{{ changes.key }}{% if changes.since %},
            target.{{ changes.since }}{% endif %}
        from {{ target }} as target
        where {{ vanished }}
        {%- endif %}
    ) as changed
    group by changed.key
{%- endmacro %}
