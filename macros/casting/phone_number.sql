{#
    A phone number in the form of E.164, `+15551234567`, where the text says it all: with its
    country's code, or so that the code can be put before it by the seed `calling_codes`
    (joined as `calling_codes`): a national number of the right length, with or without the
    digit that is dialled before it at home. Otherwise a text of digits alone, or, where it
    holds anything that is not written in phone numbers, the text as it is.
#}
{% macro phone_number(column) -%}
    {%- set digits = "translate(" ~ column ~ ", ' ().-/', '')" -%}
    {%- set national =
        "regexp_replace(" ~ digits ~ ", '^' || coalesce(calling_codes.trunk_prefix, ''), '')" -%}
    case
        when {{ digits }} !~ '^[+]?[0-9]+$' then {{ column }}
        when {{ digits }} like '+%' then {{ digits }}
        when {{ digits }} like '00%' then '+' || substr({{ digits }}, 3)
        when
            length({{ national }})
            between calling_codes.shortest_number and calling_codes.longest_number
            then '+' || calling_codes.calling_code || {{ national }}
        else {{ digits }}
    end
{%- endmacro %}
