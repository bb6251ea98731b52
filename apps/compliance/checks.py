"""What stops a start: a configuration that would open what no query may call."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from apps.compliance.openings import opened_functions
from apps.compliance.policy.sql.openings import problems


@register()
def functions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    hint = "Name functions that compute from their arguments alone: postgres:regr_sxx snowflake:jarowinkler_similarity."
    return [
        Error(f"PORTICO_SQL_FUNCTIONS: {problem}.", hint=hint, id="portico.E009")
        for problem in problems(opened_functions())
    ]
