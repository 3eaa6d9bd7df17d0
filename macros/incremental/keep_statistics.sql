{#
    Post-hook: analyze the table where more than a tenth of it is new, as after a full
    build. Plans are made with these figures long before autovacuum has seen the table.
#}
{% macro keep_statistics() -%}
    do $$
    begin
        if (
            select coalesce(sum(n_tup_ins + n_tup_upd), 0)
            from pg_stat_xact_user_tables
            where relid = '{{ this }}'::regclass
        ) > (
            select greatest(reltuples, 0) / 10
            from pg_class
            where oid = '{{ this }}'::regclass
        ) then
            analyze {{ this }};
        end if;
    end
    $$
{%- endmacro %}
