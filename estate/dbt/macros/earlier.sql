{#- What was known of the same `key` in the `seconds` before each charge, strictly: charges of the same second are not.
    A charge without the key has no earlier ones. -#}
{%- macro earlier(measure, key, seconds) -%}
coalesce(case when {{ key }} is not null then {{ measure }} over (
      partition by {{ key }} order by SECOND_OF range between {{ seconds }} preceding and 1 preceding
    ) end, 0)
{%- endmacro -%}
