-- The file that counts and holds this payment: same payer, number, date and amount.
SELECT payments.file_id FROM payments JOIN files USING (file_id)
WHERE files.status = 'applied'
  AND payments.trace_number = :trace_number AND payments.amount_cents = :amount_cents
  AND payments.payment_date IS :payment_date
  AND COALESCE(payments.payer_trace_id, payments.payer_id) IS COALESCE(:payer_trace_id, :payer_id)
ORDER BY payments.file_id LIMIT 1
