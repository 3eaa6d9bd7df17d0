with

invoice_lines as (

    select * from {{ ref('stg_online_retail__invoice_lines') }}

),

-- An invoice that took more than a minute carries two times: the first is the order's.
-- The shop delivers no totals of its invoices, so there are none here: fct_orders adds
-- up the lines.
invoices as (

    select
        source,
        load_id,
        invoice_id,
        currency,
        max(customer_id) as customer_id,
        min(invoiced_at) as ordered_at,
        min(row_id) as row_id
    from invoice_lines
    where not is_cancellation
    group by source, load_id, invoice_id, currency

),

final as (

    select
        source,
        invoice_id as order_id,
        customer_id,
        'invoiced' as status,
        currency,
        'I' as op,
        cast(null as numeric) as subtotal,
        cast(null as numeric) as discount_amount,
        cast(null as numeric) as tax_amount,
        cast(null as numeric) as shipping_fee,
        cast(null as numeric) as total,
        ordered_at,
        ordered_at as updated_at,
        cast(null as text) as uncastable,
        load_id,
        row_id,
        jsonb_build_object('InvoiceNo', substr(invoice_id, 4)) as record
    from invoices

)

select * from final
