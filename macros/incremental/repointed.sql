{#
    For an incremental build of a fact: a select of the keys of those of its rows for which
    another version of a dimension may hold than when they were written. They are the
    events of a changed key from the moment of the change on, found by index; all of them
    where the dimension was built in full since.

    columns:  what is selected
    versions: {dimension: [its key, the time of the event], ...}
    fact:     the table that is looked at, the model itself if none
#}
{% macro repointed(columns, versions, fact=none) -%}
    {%- for dimension, (key, at) in versions.items() -%}
        select fact.{{ columns | join(", fact.") }}
        from {{ fact or this }} as fact
        {%- if not is_rebuilt_since([dimension]) %}
        inner join {{ changed_keys(dimension) }} as changed
            on
                fact.{{ key }} = changed.key
                and fact.{{ at }} >= changed.since
        {%- endif %}
        {%- if not loop.last %}

        union

        {% endif %}
    {%- endfor %}
{%- endmacro %}
