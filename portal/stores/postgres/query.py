"""Which statements a cursor can be declared for (and COPY can wrap); EXPLAIN and SHOW are sent as they are."""

import re

QUERY = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:\(|(?:select|with|values|table)\b)", re.IGNORECASE | re.DOTALL)
