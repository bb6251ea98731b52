{# Slowly changing, computed from the versions that RAW keeps instead of collected run by run: rebuilt from nothing
   after a restart it is the same table, and a version that arrived late falls into its place. #}
with versions as (
  select
    ID,
    EXTERNAL_REF,
    EMAIL,
    FULL_NAME,
    PHONE,
    BIRTH_DATE,
    CITY,
    REGION,
    POSTAL_CODE,
    COUNTRY,
    LOCALE,
    MARKETING_CONSENT,
    STATUS,
    CREATED_AT,
    UPDATED_AT
  from {{ source('raw', 'OLTP_CUSTOMERS') }}
  qualify row_number() over (partition by ID, UPDATED_AT order by _LOADED_AT desc) = 1
)

select
  ID || '/' || row_number() over (partition by ID order by UPDATED_AT) as CUSTOMER_VERSION_ID,
  ID as CUSTOMER_ID,
  EXTERNAL_REF,
  EMAIL,
  FULL_NAME,
  PHONE,
  BIRTH_DATE,
  CITY,
  REGION,
  POSTAL_CODE,
  COUNTRY,
  LOCALE,
  MARKETING_CONSENT,
  STATUS,
  CREATED_AT,
  UPDATED_AT as VALID_FROM,
  lead(UPDATED_AT) over (partition by ID order by UPDATED_AT) as VALID_TO,
  lead(UPDATED_AT) over (partition by ID order by UPDATED_AT) is null as IS_CURRENT
from versions
