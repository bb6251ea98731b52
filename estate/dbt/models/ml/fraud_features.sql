{#- One row per charge with what was known strictly before it, so that training sees nothing that scoring will not.
    Refunds, disputes and labels of earlier charges are left out: they were found later, and nobody kept when. -#}
{%- set hour, day, month, history = 3600, 86400, 2592000, 86400 * var('history_days') -%}

with charges as (
  select
    CHARGE_ID,
    CUSTOMER_ID,
    CREATED_AT,
    AMOUNT,
    INSTALLMENTS,
    PAYMENT_METHOD_ID,
    DEVICE_ID,
    IP_ADDRESS,
    CUSTOMER_ID || '/' || DEVICE_ID as CUSTOMER_DEVICE,
    CUSTOMER_ID || '/' || IP_ADDRESS as CUSTOMER_ADDRESS,
    case when STATUS = 'failed' then 1 else 0 end as IS_DECLINED,
    FRAUD_LABEL,
    cast(date_part(epoch_second, CREATED_AT) as bigint) as SECOND_OF,
    max(CREATED_AT) over () as NEWEST_AT
  from {{ ref('fct_charges') }}
)

select
  CHARGE_ID,
  CUSTOMER_ID,
  CREATED_AT as AS_OF,
  cast(AMOUNT as double) as AMOUNT,
  cast(INSTALLMENTS as double) as INSTALLMENTS,
  cast(extract(hour from CREATED_AT) as double) as HOUR_OF_DAY,
  cast({{ earlier('count(*)', 'CUSTOMER_ID', hour) }} as double) as CUSTOMER_CHARGES_1H,
  cast({{ earlier('count(*)', 'CUSTOMER_ID', day) }} as double) as CUSTOMER_CHARGES_24H,
  cast({{ earlier('count(*)', 'CUSTOMER_ID', month) }} as double) as CUSTOMER_CHARGES_30D,
  cast({{ earlier('sum(AMOUNT)', 'CUSTOMER_ID', day) }} as double) as CUSTOMER_AMOUNT_24H,
  cast({{ earlier('sum(IS_DECLINED)', 'CUSTOMER_ID', day) }} as double) as CUSTOMER_DECLINED_24H,
  cast(coalesce({{ earlier('count(*)', 'PAYMENT_METHOD_ID', day) }}, 0) as double) as CARD_CHARGES_24H,
  cast({{ earlier('count(*)', 'DEVICE_ID', hour) }} as double) as DEVICE_CHARGES_1H,
  cast({{ earlier('sum(IS_DECLINED)', 'DEVICE_ID', hour) }} as double) as DEVICE_DECLINED_1H,
  cast({{ earlier('count(*)', 'DEVICE_ID', month) }} as double) as DEVICE_CHARGES_30D,
  cast({{ earlier('count(*)', 'IP_ADDRESS', hour) }} as double) as ADDRESS_CHARGES_1H,
  cast({{ earlier('count(*)', 'IP_ADDRESS', month) }} as double) as ADDRESS_CHARGES_30D,
  cast(case
    when CUSTOMER_DEVICE is null then null
    when {{ earlier('count(*)', 'CUSTOMER_DEVICE', history) }} = 0 then 1
    else 0
  end as double) as IS_NEW_DEVICE,
  cast(case
    when CUSTOMER_ADDRESS is null then null
    when {{ earlier('count(*)', 'CUSTOMER_ADDRESS', history) }} = 0 then 1
    else 0
  end as double) as IS_NEW_ADDRESS,
  -- 1 when the customer did not pay in that time
  round(cast(coalesce(
    AMOUNT * {{ earlier('count(*)', 'CUSTOMER_ID', history) }}
    / nullif({{ earlier('sum(AMOUNT)', 'CUSTOMER_ID', history) }}, 0), 1
  ) as double), 4) as AMOUNT_RATIO,
  -- Fraud is found later: of charges younger than this nobody knows yet, and no label is not "no fraud".
  case
    when CREATED_AT > dateadd(day, -{{ var('label_days') }}, NEWEST_AT) then null
    when FRAUD_LABEL is null then 0
    else 1
  end as IS_FRAUD
from charges
-- The first charges of all look back on nothing: they describe another world than the one that is scored.
qualify CREATED_AT >= dateadd(day, {{ var('history_days') }}, min(CREATED_AT) over ())
