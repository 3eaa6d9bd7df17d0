{#
    Pre-hook: an incremental build reads the tables that it looks things up in by their
    indexes, however cheap it would seem to read one of them as a whole. A day then costs
    what the day holds, on any history. Just-in-time compilation is for statements that
    are as dear as such reading would be.
#}
{% macro read_by_index() -%}
    {%- if is_incremental() -%}
    set local enable_seqscan = off;
    set local jit = off
    {%- endif -%}
{%- endmacro %}
