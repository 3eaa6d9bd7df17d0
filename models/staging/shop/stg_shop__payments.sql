select
    'shop' as source,
    nullif(payment_id, '') as payment_id,
    nullif(order_id, '') as order_id,
    {{ cleaned('payment_method', 'lower') }} as payment_method,
    {{ cleaned('status', 'lower') }} as status,
    {{ cleaned('currency', 'upper') }} as currency,
    {{ safe_cast('amount', 'numeric') }} as amount,
    {{ safe_cast('paid_at', 'timestamptz') }} as paid_at,
    {{ uncastable({
        'amount': 'numeric',
        'paid_at': 'timestamptz',
    }) }} as uncastable,
    _load_id as load_id,
    _row_id as row_id,
    {{ delivered_record('payments') }} as record
from {{ source('shop', 'payments') }} as payments
