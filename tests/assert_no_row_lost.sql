{#
    Promise 1. For every load: the rows that the ledger counted, the rows that raw holds
    and the rows that quality has judged, valid or quarantined, are as many. No row is in
    raw of a load that the ledger does not hold: loads are numbered, so that those after
    the last one that the test has seen are all that can be such.
#}

{%- set raw_tables = raw_tables_of_sources(var("sources")) %}
{%- set load_counts = ref("load_counts") %}
{%- set seen = since_last_pass() and run_query(
    "select coalesce(max(load_id), 0) from " ~ load_counts ~ " where build <= " ~ since_last_pass()
).columns[0].values()[0] %}

with

load_counts as (

    select * from {{ load_counts }}

),

ledger as (

    select * from {{ ref("stg_loader__loads") }}
    where status = 'loaded' and table_name not like '\_truth%'

),

strange as (
    {%- for table in raw_tables %}

    select _load_id as load_id
    from {{ table }}
    where _load_id > {{ seen }}
    {%- if not loop.last %}

    union
    {%- endif %}
    {%- endfor %}

)

select
    load_id,
    file,
    ledger_rows,
    raw_rows,
    judged_rows
from load_counts
where difference <> 0

union all

select
    load_id,
    file,
    rows as ledger_rows,
    null as raw_rows,
    null as judged_rows
from ledger
where
    source in ({{ quoted(var("sources")) }})
    and load_id not in (select load_id from load_counts)

union all

select
    load_id,
    null as file,
    0 as ledger_rows,
    null as raw_rows,
    null as judged_rows
from strange
where load_id not in (select load_id from ledger)
