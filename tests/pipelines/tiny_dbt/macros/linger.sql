{# Keeps dbt busy in the middle of a build for as many seconds as TINY_DBT_LINGER_S says, for tests that want it there. #}
{% macro linger() -%}
  {%- set now = modules.datetime.datetime.now -%}
  {%- set until = now() + modules.datetime.timedelta(seconds=env_var('TINY_DBT_LINGER_S', '0') | int) -%}
  {%- if execute -%}
    {%- for _ in range(100000) if now() < until -%}
      {%- for _ in range(10000) if now() < until -%}{%- endfor -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}
