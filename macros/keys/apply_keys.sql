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
