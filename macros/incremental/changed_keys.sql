{#
    A subquery: the keys of another model that have changed since this model was built,
    and since when.
#}
{% macro changed_keys(model_name) -%}
    (
        select
            key,
            min(since) as since
        from quality._changed_keys
        where model = '{{ model_name }}' and {{ is_judged_since() }}
        group by key
    )
{%- endmacro %}
