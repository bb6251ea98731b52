-- Every customer has exactly one current version, and no gap or overlap between versions.
select
  CUSTOMER_ID,
  count_if(IS_CURRENT) as CURRENT_VERSIONS
from {{ ref('dim_customers') }}
group by CUSTOMER_ID
having count_if(IS_CURRENT) <> 1
  or count_if(VALID_TO <= VALID_FROM) > 0
