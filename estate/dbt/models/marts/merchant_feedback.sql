select
  feedback.MERCHANT_ID,
  merchants.DISPLAY_NAME,
  cast(date_trunc('month', feedback.CREATED_AT) as date) as MONTH,
  count(*) as REVIEWS,
  round(avg(feedback.SCORE), 2) as AVERAGE_SCORE,
  count_if(feedback.SCORE <= 2) as POOR_REVIEWS
from {{ ref('stg_feedback') }} as feedback
inner join {{ ref('dim_merchants') }} as merchants on merchants.MERCHANT_ID = feedback.MERCHANT_ID
group by feedback.MERCHANT_ID, merchants.DISPLAY_NAME, cast(date_trunc('month', feedback.CREATED_AT) as date)
