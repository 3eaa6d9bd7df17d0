{#
    In an incremental build, the condition that keeps only what belongs to rows of another
    model that have changed since this model was built (`changes` under its `meta`).
    Nothing in a full build, and where the other model was itself built in full since:
    then all of its rows count as changed.
#}
{% macro where_keys_changed(column, model_name) -%}
    {%- if is_incremental() and not is_rebuilt_since([model_name]) -%}
    where {{ column }} in (select key from {{ changed_keys(model_name) }} as changed)
    {%- endif -%}
{%- endmacro %}
