{{ config(materialized='incremental', unique_key='CURRENCY') }}
{{ linger() }}
select CURRENCY, count(*) as ORDERS, sum(AMOUNT) as AMOUNT from {{ ref('orders') }} group by CURRENCY
