{#
    Whether a row that is held was delivered again, sound: a valid row of the same key came
    later, by batch, file and line. The order of loading does not matter.

    entity: one of the variable `entities`
    held:   the name of the held row; it has the columns record_key, batch, file and row_id
#}
{% macro is_corrected(entity, held) -%}
    exists (
        select
        from {{ ref("valid_" ~ entity) }} as later
        where
            later.{{ var("entities")[entity] }} = {{ held }}.record_key
            and (
                later.batch > {{ held }}.batch
                or later.batch = {{ held }}.batch
                and (
                    (
                        select ledger.file
                        from {{ ref("stg_loader__loads") }} as ledger
                        where ledger.load_id = later.load_id
                    ),
                    later.row_id
                ) > ({{ held }}.file, {{ held }}.row_id)
            )
    )
{%- endmacro %}
