with days as (
  select dateadd('day', row_number() over (order by seq4()) - 1, cast('2016-01-01' as date)) as DATE_DAY
  from table(generator(rowcount => 5844))
)

select
  cast(DATE_DAY as date) as DATE_DAY,
  year(DATE_DAY) as YEAR,
  quarter(DATE_DAY) as QUARTER,
  month(DATE_DAY) as MONTH,
  day(DATE_DAY) as DAY_OF_MONTH,
  dayofweekiso(DATE_DAY) as ISO_WEEKDAY,
  weekiso(DATE_DAY) as ISO_WEEK,
  dayofweekiso(DATE_DAY) >= 6 as IS_WEEKEND
from days
