{#
    A join with a parent by its key. A full build hashes the parent; an incremental one looks
    each row up by index, however many PostgreSQL expects.

    parent: the model, its alias in the statement too
    key:    its key
    value:  the key that is looked for
    kind:   inner or left
#}
{% macro join_parent(parent, key, value, kind="inner") -%}
    {%- set relation = ref(parent) -%}
    {%- if is_incremental() -%}
    {{ kind }} join {{ looked_up(relation, key ~ " = " ~ value) }} as {{ parent }} on true
    {%- else -%}
    {{ kind }} join {{ relation }} as {{ parent }} on {{ value }} = {{ parent }}.{{ key }}
    {%- endif -%}
{%- endmacro %}
