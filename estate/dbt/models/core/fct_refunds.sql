select
  refunds.REFUND_ID,
  refunds.CHARGE_ID,
  charges.CUSTOMER_ID,
  charges.MERCHANT_ID,
  charges.PAYMENT_TYPE,
  cast(refunds.CREATED_AT as date) as DATE_DAY,
  refunds.AMOUNT,
  refunds.CURRENCY,
  refunds.REASON,
  refunds.STATUS,
  refunds.NOTE,
  datediff('day', charges.CREATED_AT, refunds.CREATED_AT) as DAYS_AFTER_CHARGE,
  refunds.CREATED_AT,
  refunds.UPDATED_AT
from {{ ref('stg_refunds') }} as refunds
left join {{ ref('stg_charges') }} as charges on charges.CHARGE_ID = refunds.CHARGE_ID
