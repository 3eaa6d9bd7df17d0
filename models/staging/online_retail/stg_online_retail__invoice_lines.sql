with

invoice_lines as (

    select * from {{ source('online_retail', 'invoice_lines') }}

),

final as (

    select
        'online_retail' as source,
        'or-' || nullif(invoice_lines."InvoiceNo", '') as invoice_id,
        'or-' || nullif(invoice_lines."StockCode", '') as product_id,
        'or-' || nullif(split_part(invoice_lines."CustomerID", '.', 1), '') as customer_id,
        invoice_lines."InvoiceNo" like 'C%' as is_cancellation,
        invoice_lines."StockCode" as stock_code,
        nullif(trim(invoice_lines."Description"), '') as description,
        invoice_lines."Country" as country_name,
        'GBP' as currency,
        typed.quantity,
        typed.unit_price,
        -- The shop writes its own local time.
        typed.invoiced_at at time zone 'Europe/London' as invoiced_at,
        typed.uncastable,
        invoice_lines._load_id as load_id,
        invoice_lines._row_id as row_id,
        {{ delivered_record('invoice_lines') }} as record
    from invoice_lines
    cross join {{ typed_columns('invoice_lines', {
        'quantity': 'bigint',
        'unit_price': 'numeric',
        'invoiced_at': 'timestamp',
    }, texts={
        'quantity': '"Quantity"',
        'unit_price': '"UnitPrice"',
        'invoiced_at': '"InvoiceDate"',
    }) }} as typed

)

select * from final
