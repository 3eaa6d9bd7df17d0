{#
    The versions of one key hold one after the other: no gap, no overlap, exactly one
    without an end.

    key, valid_from, valid_to: the columns of the key and of the half-open interval
    judged: {entity: the column there that is the key, ...}: only versions of keys that were
        judged since the test last passed are looked at; all where none is given
#}
{% test validity_intervals(
    model, key, valid_from="valid_from", valid_to="valid_to", judged=none
) %}

with

judged as (

    {% if judged %}{{ unproven(model, key, judged) }}{% else %}select * from {{ model }}{% endif %}

),

versions as (

    select
        {{ key }} as key,
        {{ valid_from }} as valid_from,
        {{ valid_to }} as valid_to,
        lead({{ valid_from }}) over (
            partition by {{ key }}
            order by {{ valid_from }}, {{ valid_to }} nulls last
        ) as next_valid_from
    from judged

)

select *
from versions
where
    valid_to <= valid_from
    or valid_to is distinct from next_valid_from

{% endtest %}
