with spent as (
  select
    CUSTOMER_ID,
    CURRENCY,
    count(*) as CHARGES,
    sum(AMOUNT_KEPT) as AMOUNT_KEPT,
    sum(AMOUNT_REFUNDED) as AMOUNT_REFUNDED,
    min(CREATED_AT) as FIRST_CHARGE_AT,
    max(CREATED_AT) as LAST_CHARGE_AT
  from {{ ref('fct_charges') }}
  where IS_PAID
  group by CUSTOMER_ID, CURRENCY
)

select
  spent.CUSTOMER_ID,
  customers.EMAIL,
  customers.COUNTRY,
  customers.MARKETING_CONSENT,
  spent.CURRENCY,
  spent.CHARGES,
  spent.AMOUNT_KEPT,
  spent.AMOUNT_REFUNDED,
  spent.FIRST_CHARGE_AT,
  spent.LAST_CHARGE_AT
from spent
inner join {{ ref('dim_customers') }} as customers
  on customers.CUSTOMER_ID = spent.CUSTOMER_ID and customers.IS_CURRENT
