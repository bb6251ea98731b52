{#- What was known of the same `key` strictly before each charge: charges of the same second are not.
    `seconds` is how far back; 0: from the beginning. A charge without the key has no earlier ones. -#}
{%- macro earlier(measure, key, seconds=0) -%}
coalesce(case when {{ key }} is not null then {{ measure }} over (
    partition by {{ key }} order by SECOND_OF
    range between {{ seconds ~ ' preceding' if seconds else 'unbounded preceding' }} and 1 preceding
  ) end, 0)
{%- endmacro -%}
