{{ config(materialized='table') }}
select ID, EMAIL, AMOUNT, CURRENCY, UPDATED_AT
from {{ source('raw', 'TINY_ORDERS') }}
qualify row_number() over (partition by ID order by UPDATED_AT desc) = 1
