"""The query that shows a dataset's first rows."""

import json
from urllib.parse import urlencode

from apps.catalog.models import Dataset
from apps.catalog.types import SourceKind

ROWS = 20


def sample_text(dataset: Dataset) -> str:
    if dataset.source.kind == SourceKind.MONGO:
        return json.dumps({"collection": dataset.path[-1], "limit": ROWS}, indent=2)
    path = ".".join('"' + part.replace('"', '""') + '"' for part in dataset.path)
    return f"SELECT *\nFROM {path}\nLIMIT {ROWS}"


def starter(dataset: Dataset) -> str:
    """The address of a console that starts there."""
    return urlencode({"source": dataset.source.name, "text": sample_text(dataset)})
