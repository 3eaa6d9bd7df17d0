{# Post-hook, in the model's own transaction: it has consumed all up to this build. #}
{% macro set_high_water_mark() -%}
    insert into quality._high_water_marks (model, build)
    values ('{{ this.identifier }}', {{ this_build() }})
    on conflict (model) do update set build = excluded.build
{%- endmacro %}
