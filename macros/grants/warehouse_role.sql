{# The name of a role of this database's warehouse; role_names.py does the same for Python. #}
{% macro warehouse_role(role) -%}
    counting_house_{{ target.dbname }}_{{ role }}
{%- endmacro %}
