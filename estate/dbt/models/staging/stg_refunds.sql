select
  ID as REFUND_ID,
  CHARGE_ID,
  AMOUNT,
  CURRENCY,
  REASON,
  STATUS,
  NOTE,
  CREATED_AT,
  UPDATED_AT,
  _LOADED_AT as LOADED_AT
from {{ source('raw', 'OLTP_REFUNDS') }}
{{ newest_version() }}
