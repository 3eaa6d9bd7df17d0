{#
    Post-hook: a full build of a model with `changes` under its `meta` notes that any of
    its rows may have changed.
#}
{% macro log_full_build() -%}
    {%- if model.config.meta.changes and not is_incremental() -%}
    insert into quality._changed_keys (model, key, since, build)
    values ('{{ this.identifier }}', null, null, {{ this_build() }})
    {%- endif -%}
{%- endmacro %}
