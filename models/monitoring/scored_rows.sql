{#
    Every defect that the generator injected and every row that is held, or line that the
    loader set aside, beside each other: the rows of defect_score.

    A row waits where it breaks the rule of a missing parent, no defect names that rule, and
    no sound row of the parent is there: none was delivered yet, or what was is held itself,
    such as an order whose first version is late and whose second one is broken. A parent
    that is held wrongly is counted where it stands.

    A build looks at the held rows of loads and ledgers that are new, at the rows of other
    loads that were judged since, and again at those that were not caught.
#}
{{ config(
    enabled="shop" in var("sources"),
    unique_key=["source", "entity", "file", "row_number", "rule"],
    indexes=[
        {"columns": ["file", "row_number", "entity", "source", "rule"], "unique": true},
        {"columns": ["verdict"]},
        {"columns": ["truth_load_id"]},
        {"columns": ["waiting_load_id"]},
    ],
    meta={"delete_when": "source.verdict is null"},
) }}

{%- set ledger, truth = ref("stg_loader__loads"), ref("stg_shop__truth_defects") %}
{%- set rejects, load_counts = ref("stg_loader__rejects"), ref("load_counts") %}
{%- set checked_rows = {} %}
{%- for entity in var("entities") %}
{%- do checked_rows.update({entity: ref("checked_" ~ entity)}) %}
{%- endfor %}
{%- set awaited = rules_that_wait() %}
{%- set new_truth = truth_loads_not_scored(ledger) if is_incremental() %}
{%- set of_new_truth = "and load_id in (" ~ new_truth ~ ")" if is_incremental() %}

with

ledger as not materialized (

    select * from {{ ledger }}
    where status = 'loaded'

),

{%- if is_incremental() %}

new_loads as (

    select load_id from {{ load_counts }}
    where {{ is_judged_since() }}

),
{%- endif %}

-- Only batches whose truth is known can be scored: a real shop's files have none.
scored_loads as (

    select
        load_id,
        source,
        table_name,
        file,
        {%- if is_incremental() %}
        bool_or(load_id in ({{ new_truth }})) over (partition by source, batch)
        or load_id in (select load_id from new_loads) as is_new,
        {%- else %}
        true as is_new,
        {%- endif %}
        bool_or(table_name = '_truth_defects') over (partition by source, batch) as has_truth
    from ledger

),
{%- if is_incremental() %}

open_rows as (

    select distinct
        scored.entity,
        scored.file,
        scored.row_number,
        scored_loads.load_id
    from {{ this }} as scored
    inner join scored_loads
        on
            scored.source = scored_loads.source
            and scored.file = scored_loads.file
    where scored.verdict in ('missed', 'wrongly_held', 'waiting')

),
{%- endif %}

-- The rows that are looked at.
judged as (
    {%- for entity, relation in checked_rows.items() %}

    select
        '{{ entity }}' as entity,
        load_id,
        row_id,
        failed_rules
    from {{ relation }}
    {%- if is_incremental() %}
    where
        {{ is_judged_since() }}
        and load_id not in (select load_id from new_loads)

    union

    select
        '{{ entity }}' as entity,
        found.load_id,
        found.row_id,
        found.failed_rules
    from open_rows
    cross join {{ looked_up(
        relation,
        "load_id = open_rows.load_id and row_id = open_rows.row_number"
    ) }} as found
    where open_rows.entity = '{{ entity }}'

    union

    select
        '{{ entity }}' as entity,
        found.load_id,
        found.row_id,
        found.failed_rules
    from scored_loads
    cross join {{ looked_up(
        relation,
        "load_id = scored_loads.load_id and failed_rules is not null"
    ) }} as found
    where scored_loads.is_new and scored_loads.has_truth
    {%- else %}
    where failed_rules is not null
    {%- endif %}
    {%- if not loop.last %}

    union
    {%- endif %}
    {%- endfor %}

),

judged_rows as (

    select
        scored_loads.source,
        judged.entity,
        scored_loads.file,
        judged.row_id as row_number,
        judged.load_id,
        judged.failed_rules
    from judged
    inner join scored_loads on judged.load_id = scored_loads.load_id
    where scored_loads.has_truth

),
{%- if is_incremental() %}

before as (

    select distinct scored.*
    from (
        select
            source,
            entity,
            file,
            row_number
        from judged_rows

        union

        select
            source,
            entity,
            file,
            row_number
        from {{ this }}
        where verdict in ('missed', 'wrongly_held', 'waiting')
    ) as looked_at
    cross join {{ looked_up(
        this,
        "source = looked_at.source and entity = looked_at.entity"
        ~ " and file = looked_at.file and row_number = looked_at.row_number"
    ) }} as scored

),
{%- endif %}

-- A record that staging must clean breaks no rule: one that is held is wrongly held.
defects as (

    select
        source,
        entity,
        file,
        row_number,
        coalesce(rule, fault) as rule,
        outcome,
        load_id as truth_load_id
    from {{ truth }}
    where outcome in ('quarantine', 'reject') {{ of_new_truth }}
    {%- if is_incremental() %}

    union

    select
        source,
        entity,
        file,
        row_number,
        rule,
        outcome,
        truth_load_id
    from before
    where truth_load_id is not null
    {%- endif %}

),

rejects as (

    select
        scored_loads.source,
        scored_loads.table_name as entity,
        scored_loads.file,
        rejects.record_number as row_number,
        rejects.reason
    from scored_loads
    inner join {{ rejects }} as rejects on scored_loads.load_id = rejects.load_id
    where scored_loads.has_truth and scored_loads.is_new
    {%- if is_incremental() %}

    union

    select
        before.source,
        before.entity,
        before.file,
        before.row_number,
        rejects.reason
    from before
    inner join scored_loads
        on
            before.source = scored_loads.source
            and before.file = scored_loads.file
    inner join {{ rejects }} as rejects
        on
            scored_loads.load_id = rejects.load_id
            and before.row_number = rejects.record_number
    {%- endif %}

),

held as (

    select
        judged_rows.source,
        judged_rows.entity,
        judged_rows.file,
        judged_rows.row_number,
        failed.rule
    from judged_rows
    cross join lateral string_to_table(judged_rows.failed_rules, ',') as failed (rule)

    union

    -- One broken line can look like another to a reader: any reason why the loader set it
    -- aside will do.
    select
        rejects.source,
        rejects.entity,
        rejects.file,
        rejects.row_number,
        coalesce(defects.rule, rejects.reason) as rule
    from rejects
    left join defects
        on
            rejects.source = defects.source
            and rejects.file = defects.file
            and rejects.row_number = defects.row_number
            and defects.outcome = 'reject'

),

waiting as (
    {%- for entity, references in awaited.items() %}
    {%- for each in references %}

    select
        judged_rows.source,
        judged_rows.entity,
        judged_rows.file,
        judged_rows.row_number,
        judged_rows.load_id,
        '{{ each.rule }}' as rule
    from judged_rows
    cross join {{ looked_up(
        checked_rows[entity],
        "load_id = judged_rows.load_id and row_id = judged_rows.row_number"
    ) }} as held
    left join {{ looked_up(
        checked_rows[each.parent],
        each.key ~ " = held." ~ each.column ~ " and failed_rules is null"
    ) }} as parent
        on true
    where
        judged_rows.entity = '{{ entity }}'
        and judged_rows.failed_rules like '%{{ each.rule }}%'
        and parent.load_id is null

    union all
    {%- endfor %}
    {%- endfor %}

    select
        null as source,
        null as entity,
        null as file,
        cast(null as bigint) as row_number,
        cast(null as bigint) as load_id,
        null as rule
    where false

),

compared as (

    select
        coalesce(defects.source, held.source) as source,
        coalesce(defects.entity, held.entity) as entity,
        coalesce(defects.file, held.file) as file,
        coalesce(defects.row_number, held.row_number) as row_number,
        coalesce(defects.rule, held.rule) as rule,
        defects.outcome,
        defects.truth_load_id,
        held.rule is not null as is_held
    from defects
    full join held
        on
            defects.source = held.source
            and defects.entity = held.entity
            and defects.file = held.file
            and defects.row_number = held.row_number
            and defects.rule = held.rule

),

rows_waiting as (

    select distinct
        source,
        entity,
        file,
        row_number,
        load_id
    from waiting

),

-- Copies are looked for among sound rows: one that waits has not been compared yet.
verdicts as (

    select
        compared.*,
        rows_waiting.load_id as waiting_load_id,
        case
            when compared.outcome is not null and compared.is_held then 'caught'
            when
                compared.outcome is not null
                and not (rows_waiting.load_id is not null and compared.rule like 'duplicate%')
                then 'missed'
            when compared.outcome is not null or waiting.rule is not null then 'waiting'
            else 'wrongly_held'
        end as verdict
    from compared
    left join rows_waiting using (source, entity, file, row_number)
    left join waiting using (source, entity, file, row_number, rule)

),

final as (

    select
        source,
        entity,
        file,
        row_number,
        rule,
        outcome,
        verdict,
        truth_load_id,
        waiting_load_id
    from verdicts
    {%- if is_incremental() %}

    union all

    select
        before.source,
        before.entity,
        before.file,
        before.row_number,
        before.rule,
        null as outcome,
        null as verdict,
        null as truth_load_id,
        null as waiting_load_id
    from before
    left join verdicts using (source, entity, file, row_number, rule)
    where verdicts.source is null
    {%- endif %}

)

select * from final
