{#
    The row as its source delivered it, as json: every raw column, without the loader's
    own.
#}
{% macro delivered_record(relation) -%}
    to_jsonb({{ relation }}) - '{_load_id,_row_id}'::text[]
{%- endmacro %}
