{#
    The columns of this model as it stands before the build; none where it does not, as in
    the first build and in unit tests.

    Returns: list of str
#}
{% macro columns_held() %}
    {%- if not execute or not this or load_relation(this) is none -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(adapter.get_columns_in_relation(this) | map(attribute="name") | list) }}
{% endmacro %}
