{# Schemas are named exactly: STAGING, CORE, MARTS, ML. dbt's own macro would prefix them with the profile's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ (custom_schema_name or target.schema) | trim | upper }}
{%- endmacro %}
