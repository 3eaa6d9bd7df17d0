with

invoice_lines as (

    select * from {{ ref('stg_online_retail__invoice_lines') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by load_id, invoice_id
            order by row_id
        ) as line_number
    from invoice_lines
    where is_cancellation

),

-- A cancellation does not say which line it takes back: its product and its customer
-- are all there is.
final as (

    select
        source,
        invoice_id || '-' || line_number as return_id,
        cast(null as text) as order_item_id,
        product_id,
        customer_id,
        currency,
        cast(null as text) as reason,
        -quantity as quantity,
        -quantity * unit_price as refund_amount,
        invoiced_at as returned_at,
        replace(
            replace(uncastable, 'unit_price', 'refund_amount'),
            'invoiced_at', 'returned_at'
        ) as uncastable,
        load_id,
        row_id,
        record
    from numbered

)

select * from final
