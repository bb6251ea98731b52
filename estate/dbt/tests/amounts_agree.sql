-- What RAW holds, newest version of each charge, and what the fact table says must be the same money, to the cent.
with raw as (
  select CURRENCY, PAYMENT_TYPE, count(*) as N, sum(AMOUNT) as TOTAL
  from {{ ref('stg_charges') }}
  group by CURRENCY, PAYMENT_TYPE
),

core as (
  select CURRENCY, PAYMENT_TYPE, count(*) as N, sum(AMOUNT) as TOTAL
  from {{ ref('fct_charges') }}
  group by CURRENCY, PAYMENT_TYPE
),

daily as (
  select CURRENCY, PAYMENT_TYPE, sum(CHARGES) as N, sum(AMOUNT) as TOTAL
  from {{ ref('payments_daily') }}
  group by CURRENCY, PAYMENT_TYPE
)

select
  coalesce(raw.CURRENCY, core.CURRENCY) as CURRENCY,
  coalesce(raw.PAYMENT_TYPE, core.PAYMENT_TYPE) as PAYMENT_TYPE,
  raw.N as RAW_N,
  core.N as CORE_N,
  daily.N as DAILY_N
from raw
full outer join core on core.CURRENCY = raw.CURRENCY and core.PAYMENT_TYPE = raw.PAYMENT_TYPE
full outer join daily on daily.CURRENCY = raw.CURRENCY and daily.PAYMENT_TYPE = raw.PAYMENT_TYPE
where raw.N is distinct from core.N
  or raw.TOTAL is distinct from core.TOTAL
  or raw.N is distinct from daily.N
  or raw.TOTAL is distinct from daily.TOTAL
