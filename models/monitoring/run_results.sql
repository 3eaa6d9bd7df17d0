{{ config(materialized="view") }}

select
    build,
    node,
    resource_type,
    status,
    rows_affected,
    seconds,
    started_at,
    proven_build
from monitoring._run_results
