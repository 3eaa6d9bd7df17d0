{# The number of the build that runs, as an expression. #}
{% macro this_build() -%}
    (select max(build) from quality._builds)
{%- endmacro %}
