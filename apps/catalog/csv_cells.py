"""Cells of a CSV that a spreadsheet will open."""


def plain(cell: str) -> str:
    """A spreadsheet runs what starts like a formula; names and descriptions come from the stores."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
