{# Post-hook, in the model's own transaction. #}
{% macro set_high_water_mark() -%}
    insert into quality._high_water_marks (model, evaluated_at)
    values ('{{ this.identifier }}', '{{ run_started_at }}')
    on conflict (model) do update set evaluated_at = excluded.evaluated_at
{%- endmacro %}
