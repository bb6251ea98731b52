select
  DATE_DAY,
  CURRENCY,
  PAYMENT_TYPE,
  count(*) as CHARGES,
  count_if(IS_PAID) as PAID_CHARGES,
  count_if(STATUS = 'failed') as FAILED_CHARGES,
  count(distinct CUSTOMER_ID) as CUSTOMERS,
  sum(AMOUNT) as AMOUNT,
  sum(case when IS_PAID then AMOUNT else 0 end) as AMOUNT_PAID,
  sum(AMOUNT_REFUNDED) as AMOUNT_REFUNDED,
  count_if(FRAUD_LABEL is not null) as FRAUDULENT_CHARGES
from {{ ref('fct_charges') }}
group by DATE_DAY, CURRENCY, PAYMENT_TYPE
