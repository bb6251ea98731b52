select
  PAYOUT_ID,
  MERCHANT_ID,
  cast(CREATED_AT as date) as DATE_DAY,
  AMOUNT,
  CURRENCY,
  STATUS,
  BANK_ACCOUNT_LAST4,
  ARRIVAL_DATE,
  CREATED_AT,
  UPDATED_AT
from {{ ref('stg_payouts') }}
