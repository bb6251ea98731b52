-- Counted again by looking each charge's past up, row by row: nothing of its own second or later may be in it.
select
  features.CHARGE_ID,
  features.CUSTOMER_CHARGES_30D,
  count(earlier.CHARGE_ID) as COUNTED
from {{ ref('fraud_features') }} as features
left join {{ ref('fct_charges') }} as earlier
  on earlier.CUSTOMER_ID = features.CUSTOMER_ID
  and date_part(epoch_second, earlier.CREATED_AT) < date_part(epoch_second, features.AS_OF)
  and date_part(epoch_second, earlier.CREATED_AT) >= date_part(epoch_second, features.AS_OF) - 2592000
group by features.CHARGE_ID, features.CUSTOMER_CHARGES_30D
having features.CUSTOMER_CHARGES_30D <> count(earlier.CHARGE_ID)
