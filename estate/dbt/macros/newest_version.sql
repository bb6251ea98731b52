{# RAW keeps every version of a row. A row sent twice, or again after a restart, is the same version. #}
{% macro newest_version() -%}
  qualify row_number() over (partition by ID order by UPDATED_AT desc, _LOADED_AT desc) = 1
{%- endmacro %}
