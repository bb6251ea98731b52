"""The kinds of file, by the word that asks for one."""

from apps.queries.exports.types import Format

WRITERS = "apps.queries.exports.writers"
# One row of the sheet holds the heads.
SHEET_ROWS, SHEET_COLUMNS = 1_048_576 - 1, 16_384

FORMATS = {
    "csv": Format("CSV", "csv", "text/csv; charset=utf-8", f"{WRITERS}.text"),
    "xlsx": Format(
        "XLSX",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        f"{WRITERS}.workbook",
        SHEET_ROWS,
        SHEET_COLUMNS,
    ),
    "parquet": Format("Parquet", "parquet", "application/vnd.apache.parquet", f"{WRITERS}.parquet"),
    "arrow": Format("Arrow", "arrow", "application/vnd.apache.arrow.file", f"{WRITERS}.arrow"),
}
