select
    'shop' as source,
    nullif(payments.payment_id, '') as payment_id,
    nullif(payments.order_id, '') as order_id,
    {{ cleaned('payments.payment_method', 'lower') }} as payment_method,
    {{ cleaned('payments.status', 'lower') }} as status,
    {{ cleaned('payments.currency', 'upper') }} as currency,
    typed.amount,
    typed.paid_at,
    typed.uncastable,
    payments._load_id as load_id,
    payments._row_id as row_id,
    {{ delivered_record('payments') }} as record
from {{ source('shop', 'payments') }} as payments
cross join {{ typed_columns('payments', {
    'amount': 'numeric',
    'paid_at': 'timestamptz',
}) }} as typed
