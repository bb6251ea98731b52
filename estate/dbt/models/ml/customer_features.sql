with paid as (
  select
    CUSTOMER_ID,
    count(*) as CHARGES,
    count_if(STATUS = 'failed') as DECLINED,
    count(distinct CARD_LAST4) as CARDS,
    count(distinct IP_ADDRESS) as ADDRESSES,
    count(distinct DEVICE_ID) as DEVICES,
    avg(RISK_SCORE) as AVERAGE_RISK,
    sum(AMOUNT_REFUNDED) / nullif(sum(AMOUNT), 0) as REFUND_SHARE,
    max(case when FRAUD_LABEL is null then 0 else 1 end) as IS_FRAUD,
    max(CREATED_AT) as AS_OF
  from {{ ref('fct_charges') }}
  group by CUSTOMER_ID
)

select
  paid.CUSTOMER_ID,
  paid.AS_OF,
  paid.CHARGES,
  paid.DECLINED,
  paid.CARDS,
  paid.ADDRESSES,
  paid.DEVICES,
  round(paid.AVERAGE_RISK, 2) as AVERAGE_RISK,
  round(paid.REFUND_SHARE, 4) as REFUND_SHARE,
  stored.FEATURES_NIGHT_SHARE as NIGHT_SHARE,
  paid.IS_FRAUD
from paid
left join {{ ref('stg_ml_features') }} as stored on stored.CUSTOMER_ID = paid.CUSTOMER_ID
