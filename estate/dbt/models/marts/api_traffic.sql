select
  cast(OCCURRED_AT as date) as DATE_DAY,
  ROUTE,
  STATUS,
  count(*) as REQUESTS,
  count(distinct REQUEST_ID) as DISTINCT_REQUESTS,
  round(avg(LATENCY_MS), 1) as AVERAGE_LATENCY_MS,
  count_if(datediff('hour', OCCURRED_AT, RECEIVED_AT) >= 1) as LATE_REQUESTS
from {{ ref('stg_api_logs') }}
group by cast(OCCURRED_AT as date), ROUTE, STATUS
