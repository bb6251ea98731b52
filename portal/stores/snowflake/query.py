"""What `read` lets through. Snowflake has no read-only session; the account's grants are the wall, this is a fence."""

import re

from portal.stores.snowflake.errors import refused
from portal.stores.types import Sql, Statement

# In Snowflake a WITH can only lead a query, and one request holds one statement.
QUERY = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|//[^\n]*(?:\n|$)|/\*.*?\*/|\()*(?:select|with|values|show|describe|desc|explain)\b",
    re.IGNORECASE | re.DOTALL,
)


def as_query(store: str, statement: Statement) -> Sql:
    if not isinstance(statement, Sql):
        raise refused(store, "unsupported", "This store takes SQL.")
    if not QUERY.match(statement.text):
        raise refused(store, "read_only", "This session may only read.")
    return statement
