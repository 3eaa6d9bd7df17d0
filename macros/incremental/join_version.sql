{#
    A join that finds the version of a dimension that held at a time. A full build hashes
    the dimension; an incremental one looks each version up by index, and cannot be
    planned as anything else.

    dimension: the dimension, its alias in the statement too
    key:       its key
    value:     the key that is looked for
    at:        the time
#}
{% macro join_version(dimension, key, value, at) -%}
    {%- set relation = ref(dimension) -%}
    {%- if is_incremental() -%}
    left join lateral (
        select *
        from {{ relation }} as version
        where version.{{ key }} = {{ value }} and version.valid_from <= {{ at }}
        order by version.valid_from desc
        limit 1
    ) as {{ dimension }} on true
    {%- else -%}
    left join {{ relation }} as {{ dimension }}
        on
            {{ value }} = {{ dimension }}.{{ key }}
            and {{ at }} >= {{ dimension }}.valid_from
            and ({{ at }} < {{ dimension }}.valid_to or {{ dimension }}.valid_to is null)
    {%- endif -%}
{%- endmacro %}
