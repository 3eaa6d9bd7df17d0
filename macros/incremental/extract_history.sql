{#
    The versions of the rows of an entity that arrives as full extracts, in the order of
    batches, whatever the order of loading. A version is a valid row that says something
    else than the one before; a key that an extract lacks, neither valid nor held, is
    deleted from that extract on, until a valid row brings it back. Rows of sources that
    deliver versions instead (is_full_extract false) are never missed.

    A version holds from the source's own `updated_at` where that has moved on since the
    version before, else from the time of its extract, and always from a microsecond
    after the one before at least: each one leaves its trace, and what held before any
    batch can be read from the table.

    An incremental build begins with the first batch of which rows have been judged since:
    what held before it stands.

    tracked:    the columns that make a version
    loses_when: a condition; such rows count for nothing where the key has any other
#}
{% macro extract_history(entity, tracked, loses_when="false") -%}
{%- set key = var("entities")[entity] -%}
{%- set checked_rows = ref("checked_" ~ entity) -%}
{%- set extracts = ref("full_extracts") -%}
{%- set described = [key, "source"] + tracked -%}
{%- set stored = described + ["updated_at"] -%}
with

extracts as (

    select
        *,
        lead(batch) over (
            partition by source
            order by batch
        ) as next_batch
    from {{ extracts }}
    where entity = '{{ entity }}'

),
{%- if is_incremental() %}

-- Where the work of this build begins.
starts as (

    select
        source,
        min(batch) as batch
    from {{ checked_rows }}
    where {{ is_judged_since() }}
    group by source

),

-- What held before that: the current version, or one that is no longer current.
standing as (

    select held.*
    from starts
    inner join {{ this }} as held
        on
            starts.source = held.source
            and held.valid_to is null
            and held.batch < starts.batch

    union all

    select earlier.*
    from starts
    inner join {{ this }} as held
        on
            starts.source = held.source
            and held.valid_to is null
            and held.batch >= starts.batch
    cross join lateral (
        select *
        from {{ this }} as before
        where before.{{ key }} = held.{{ key }} and before.batch < starts.batch
        order by before.valid_from desc
        limit 1
    ) as earlier

),
{%- endif %}

rows_in_order as (

    select
        {{ stored | join(",\n        ") }},
        batch as delivered_in,
        batch,
        failed_rules is null as is_valid,
        false as is_deleted,
        is_full_extract,
        cast(null as timestamptz) as stands_from
    from {{ checked_rows }}
    where
        {{ key }} is not null
        {%- if is_incremental() %}
        and exists (
            select from starts
            where {{ checked_rows.identifier }}.source = starts.source
                and {{ checked_rows.identifier }}.batch >= starts.batch
        )

    union all

    -- What was not deleted was in the extract just before.
    select
        {%- for column in stored %}
        standing.{{ column }},
        {%- endfor %}
        coalesce(before.batch, standing.batch) as delivered_in,
        standing.batch,
        true as is_valid,
        standing.is_deleted,
        before.batch is not null and not standing.is_deleted as is_full_extract,
        standing.valid_from as stands_from
    from standing
    inner join starts on standing.source = starts.source
    left join extracts as before
        on
            starts.source = before.source
            and starts.batch = before.next_batch
        {%- endif %}

),
{%- set weigh = loses_when != "false" %}
{%- if weigh %}

weighed as (

    select
        *,
        bool_or(is_valid and not ({{ loses_when }})) over (
            partition by {{ key }}
        ) as has_better
    from rows_in_order

),
{%- endif %}

sound as (

    select
        *,
        count(*) filter (where counts) over history as valid_rows,
        lead(delivered_in) over history as delivered_next
    from (
        select
            *,
            is_valid{% if weigh %} and not (({{ loses_when }}) and has_better){% endif %} as counts
        from {{ "weighed" if weigh else "rows_in_order" }}
    ) as weighed_rows
    window history as (
        partition by {{ key }}
        order by delivered_in
    )

),

missed as (

    select
        sound.{{ key }},
        sound.valid_rows,
        min(extracts.next_batch) as batch
    from sound
    inner join extracts
        on
            sound.source = extracts.source
            and sound.delivered_in = extracts.batch
            and sound.is_full_extract
    where
        extracts.next_batch < sound.delivered_next
        or (sound.delivered_next is null and extracts.next_batch is not null)
    group by sound.{{ key }}, sound.valid_rows

),

states as (

    select
        {{ stored | join(",\n        ") }},
        delivered_in,
        batch,
        is_deleted,
        stands_from
    from sound
    where counts

    union all

    select
        {%- for column in described %}
        sound.{{ column }},
        {%- endfor %}
        cast(null as timestamptz) as updated_at,
        missed.batch as delivered_in,
        missed.batch,
        true as is_deleted,
        cast(null as timestamptz) as stands_from
    from missed
    inner join sound
        on
            missed.{{ key }} = sound.{{ key }}
            and missed.valid_rows = sound.valid_rows
            and sound.counts

),

compared as (

    select
        *,
        lag(description) over (
            partition by {{ key }}
            order by delivered_in
        ) as description_before
    from (
        select
            *,
            cast(row({{ tracked | join(", ") }}, is_deleted) as text) as description
        from states
    ) as described

),

versions as (

    select
        compared.*,
        extracts.extracted_at,
        row_number() over history as position,
        lag(compared.updated_at) over history as updated_before
    from compared
    left join extracts
        on
            compared.source = extracts.source
            and compared.batch = extracts.batch
    where compared.description is distinct from compared.description_before
    window history as (
        partition by compared.{{ key }}
        order by compared.delivered_in
    )

),

dated as (

    select
        *,
        coalesce(
            stands_from,
            case
                when position = 1 or updated_at > updated_before then updated_at
            end,
            extracted_at,
            updated_at,
            {{ beginning_of_time() }}
        ) as begins_at,
        position * interval '1 microsecond' as least_distance
    from versions

),

bounded as (

    select
        *,
        least_distance + max(begins_at - least_distance) over (
            partition by {{ key }}
            order by position
        ) as valid_from
    from dated

),

intervals as (

    select
        *,
        lead(valid_from) over (
            partition by {{ key }}
            order by position
        ) as valid_to
    from bounded

),
{%- set columns = [key, "valid_from", "valid_to", "source"] + tracked + ["is_deleted", "updated_at", "batch"] %}
{%- if is_incremental() %}

-- A key is written where something of it has begun or vanished.
keys_to_write as (

    select {{ key }}
    from intervals
    where stands_from is null

    union

    select held.{{ key }}
    from starts
    inner join {{ this }} as held
        on
            starts.source = held.source
            and held.batch >= starts.batch

),

final as (

    select {{ columns | join(", ") }}
    from intervals
    where {{ key }} in (select {{ key }} from keys_to_write)

    union all

    select
        {%- for column in columns %}
        held.{{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ this }} as held
    inner join keys_to_write on held.{{ key }} = keys_to_write.{{ key }}
    inner join standing
        on
            held.{{ key }} = standing.{{ key }}
            and held.valid_from < standing.valid_from

)
{%- else %}

final as (

    select {{ columns | join(", ") }}
    from intervals

)
{%- endif %}

select * from final
{%- endmacro %}
