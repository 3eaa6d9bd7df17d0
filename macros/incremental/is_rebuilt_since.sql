{#
    Whether one of the models was built in full since this one was built last: what has
    changed in it cannot be told then. Asked while dbt compiles.

    Returns: bool
#}
{% macro is_rebuilt_since(model_names) -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set query -%}
        select count(*)
        from quality._changed_keys
        where model in ({{ quoted(model_names) }}) and key is null and {{ is_judged_since() }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0] > 0) }}
{%- endmacro %}
