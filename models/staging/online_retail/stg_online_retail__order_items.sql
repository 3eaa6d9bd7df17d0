with

invoice_lines as (

    select * from {{ ref('stg_online_retail__invoice_lines') }}

),

-- A line has no number of its own: its place among its invoice's lines in the file
-- gives one.
numbered as (

    select
        *,
        row_number() over (
            partition by load_id, invoice_id
            order by row_id
        ) as line_number
    from invoice_lines
    where not is_cancellation

),

final as (

    select
        source,
        invoice_id || '-' || line_number as order_item_id,
        invoice_id as order_id,
        product_id,
        line_number,
        quantity,
        unit_price,
        cast(0 as numeric) as discount_amount,
        quantity * unit_price as line_total,
        uncastable,
        load_id,
        row_id,
        record
    from numbered

)

select * from final
