-- An input is empty where the charge has no device or no address (an erased person's has neither), and nowhere else: a
-- model would take it for something.
select features.CHARGE_ID
from {{ ref('fraud_features') }} as features
join {{ ref('fct_charges') }} as charges on charges.CHARGE_ID = features.CHARGE_ID
where features.AMOUNT + features.INSTALLMENTS + features.HOUR_OF_DAY + features.CUSTOMER_CHARGES_1H
    + features.CUSTOMER_CHARGES_24H + features.CUSTOMER_CHARGES_30D + features.CUSTOMER_AMOUNT_24H
    + features.CUSTOMER_DECLINED_24H + features.CARD_CHARGES_24H + features.AMOUNT_RATIO is null
  or (
    features.DEVICE_CHARGES_1H + features.DEVICE_DECLINED_1H + features.DEVICE_CHARGES_30D + features.IS_NEW_DEVICE is null
  ) <> (charges.DEVICE_ID is null)
  or (
    features.ADDRESS_CHARGES_1H + features.ADDRESS_CHARGES_30D + features.IS_NEW_ADDRESS is null
  ) <> (charges.IP_ADDRESS is null)
