with charged as (
  select
    MERCHANT_ID,
    CURRENCY,
    count(*) as CHARGES,
    count_if(STATUS = 'failed') as FAILED_CHARGES,
    sum(case when IS_PAID then AMOUNT else 0 end) as AMOUNT_PAID,
    sum(AMOUNT_REFUNDED) as AMOUNT_REFUNDED
  from {{ ref('fct_charges') }}
  where MERCHANT_ID is not null
  group by MERCHANT_ID, CURRENCY
),

disputed as (
  select
    MERCHANT_ID,
    CURRENCY,
    count(*) as DISPUTES
  from {{ ref('fct_disputes') }}
  group by MERCHANT_ID, CURRENCY
)

select
  charged.MERCHANT_ID,
  merchants.DISPLAY_NAME,
  merchants.COUNTRY,
  merchants.RISK_LEVEL,
  charged.CURRENCY,
  charged.CHARGES,
  charged.FAILED_CHARGES,
  charged.AMOUNT_PAID,
  charged.AMOUNT_REFUNDED,
  coalesce(disputed.DISPUTES, 0) as DISPUTES,
  round(charged.FAILED_CHARGES / charged.CHARGES, 4) as FAILURE_RATE,
  round(coalesce(disputed.DISPUTES, 0) / charged.CHARGES, 4) as DISPUTE_RATE
from charged
inner join {{ ref('dim_merchants') }} as merchants on merchants.MERCHANT_ID = charged.MERCHANT_ID
left join disputed on disputed.MERCHANT_ID = charged.MERCHANT_ID and disputed.CURRENCY = charged.CURRENCY
