{#
    Post-hook, in the model's own transaction: how far it has come. That is this build,
    but no further than the models that it reads: where a build is cut short or selects
    only some models, one that runs before those it reads has not seen their changes yet.
#}
{% macro set_high_water_mark() -%}
    {%- set read = [] -%}
    {%- for unique_id in model.depends_on.nodes -%}
        {%- do read.append(unique_id.split(".")[-1]) -%}
    {%- endfor -%}
    insert into quality._high_water_marks (model, build)
    select
        '{{ this.identifier }}',
        least({{ this_build() }}, min(build))
    from quality._high_water_marks
    where model in ({{ quoted(read) }}) and model <> '{{ this.identifier }}'
    on conflict (model) do update set build = excluded.build
{%- endmacro %}
