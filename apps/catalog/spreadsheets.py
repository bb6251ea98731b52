"""Cells for whoever opens a CSV in a spreadsheet."""


def unformulated(cell: str) -> str:
    """A spreadsheet runs what starts like a formula; names and descriptions come from the stores."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
