select
  disputes.DISPUTE_ID,
  disputes.CHARGE_ID,
  charges.CUSTOMER_ID,
  charges.MERCHANT_ID,
  charges.PAYMENT_TYPE,
  charges.FRAUD_LABEL,
  cast(disputes.CREATED_AT as date) as DATE_DAY,
  disputes.AMOUNT,
  disputes.CURRENCY,
  disputes.REASON,
  disputes.STATUS,
  disputes.EVIDENCE_TEXT,
  disputes.DUE_AT,
  disputes.CREATED_AT,
  disputes.UPDATED_AT
from {{ ref('stg_disputes') }} as disputes
left join {{ ref('stg_charges') }} as charges on charges.CHARGE_ID = disputes.CHARGE_ID
