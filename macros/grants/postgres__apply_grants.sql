{# dbt calls it after each model that is built: `grants` in the configuration name our roles. #}
{% macro postgres__apply_grants(relation, grant_config, should_revoke) %}
    {%- if grant_config -%}
        {%- do grant_as_configured(relation, model, grant_config) -%}
    {%- endif -%}
{% endmacro %}
