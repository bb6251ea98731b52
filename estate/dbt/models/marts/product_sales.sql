select
  items.PRODUCT_CATEGORY,
  items.CURRENCY,
  cast(date_trunc('month', items.CREATED_AT) as date) as MONTH,
  count(*) as LINES,
  sum(items.QUANTITY) as PIECES,
  sum(items.AMOUNT) as AMOUNT,
  sum(items.SHIPPING) as SHIPPING
from {{ ref('stg_invoice_items') }} as items
group by items.PRODUCT_CATEGORY, items.CURRENCY, cast(date_trunc('month', items.CREATED_AT) as date)
