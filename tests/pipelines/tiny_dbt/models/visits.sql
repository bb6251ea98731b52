{{ config(materialized='view') }}
select ID, PLACE_CITY, TAGS from {{ source('raw', 'TINY_VISITS') }}
