{#- What was known of the same `key` in the `seconds` before each charge, strictly: charges of the same second are not.
    Of a charge without the key nothing is known: it is nobody's first, and charges without one have nothing in common. -#}
{%- macro earlier(measure, key, seconds) -%}
case when {{ key }} is not null then coalesce({{ measure }} over (
      partition by {{ key }} order by SECOND_OF range between {{ seconds }} preceding and 1 preceding
    ), 0) end
{%- endmacro -%}
