{#
    The condition over a checked row: quality has judged it since this model was built.

    Both bounds are looked up by the statement and not written into it: statistics know
    nothing of the newest builds, so that for constants PostgreSQL would expect one row and
    join what came by nested loops over all of it. Between two unknown bounds it expects
    half a percent of the table.
#}
{% macro is_judged_since(build="build") -%}
    {{ build }} > (
        select coalesce(max(build), 0)
        from quality._high_water_marks
        where model = '{{ this.identifier }}'
    )
    and {{ build }} <= {{ this_build() }}
{%- endmacro %}
