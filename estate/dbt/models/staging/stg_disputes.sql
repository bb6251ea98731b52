select
  ID as DISPUTE_ID,
  CHARGE_ID,
  AMOUNT,
  CURRENCY,
  REASON,
  STATUS,
  EVIDENCE_TEXT,
  DUE_AT,
  CREATED_AT,
  UPDATED_AT,
  _LOADED_AT as LOADED_AT
from {{ source('raw', 'OLTP_DISPUTES') }}
{{ newest_version() }}
