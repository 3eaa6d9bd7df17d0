{#
    Post-hook of a checked table that was made anew: the indexes of its held rows, one by
    the build that judged them, one by their load and one by each column that refers to
    another model, and the table's statistics. Held rows are few, so these indexes cost
    next to nothing. dbt's own list of indexes has no place for a condition.
#}
{% macro index_held_rows() %}
    {%- if execute -%}
        {%- set indexed -%}
            select 1 from pg_index where indrelid = '{{ this }}'::regclass and indpred is not null
        {%- endset -%}
        {%- if run_query(indexed) | length == 0 -%}
            {%- set columns = ["build", "load_id"] -%}
            {%- for rule in model.config.meta.rules if rule.references is defined -%}
                {%- do columns.append(rule.column) -%}
            {%- endfor -%}
            {%- for column in columns -%}
                {%- do run_query(
                    "create index on " ~ this ~ " (" ~ column ~ ") where failed_rules is not null"
                ) -%}
            {%- endfor -%}
            {%- do run_query("analyze " ~ this) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
