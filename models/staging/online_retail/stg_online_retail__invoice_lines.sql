with

invoice_lines as (

    select * from {{ source('online_retail', 'invoice_lines') }}

),

final as (

    select
        'online_retail' as source,
        'or-' || nullif("InvoiceNo", '') as invoice_id,
        'or-' || nullif("StockCode", '') as product_id,
        'or-' || nullif(split_part("CustomerID", '.', 1), '') as customer_id,
        "InvoiceNo" like 'C%' as is_cancellation,
        "StockCode" as stock_code,
        nullif(trim("Description"), '') as description,
        "Country" as country_name,
        'GBP' as currency,
        {{ safe_cast('"Quantity"', 'bigint') }} as quantity,
        {{ safe_cast('"UnitPrice"', 'numeric') }} as unit_price,
        -- The shop writes its own local time.
        {{ safe_cast('"InvoiceDate"', 'timestamp') }} at time zone 'Europe/London'
            as invoiced_at,
        {{ uncastable(
            {'quantity': 'bigint', 'unit_price': 'numeric', 'invoiced_at': 'timestamp'},
            {'quantity': '"Quantity"', 'unit_price': '"UnitPrice"', 'invoiced_at': '"InvoiceDate"'}
        ) }} as uncastable,
        _load_id as load_id,
        _row_id as row_id,
        {{ delivered_record('invoice_lines') }} as record
    from invoice_lines

)

select * from final
