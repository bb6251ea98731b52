select
  ID as PAYOUT_ID,
  MERCHANT_ID,
  AMOUNT,
  CURRENCY,
  STATUS,
  BANK_ACCOUNT_LAST4,
  ARRIVAL_DATE,
  CREATED_AT,
  UPDATED_AT,
  _LOADED_AT as LOADED_AT
from {{ source('raw', 'OLTP_PAYOUTS') }}
{{ newest_version() }}
