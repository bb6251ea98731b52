"""What the payments file itself adds up to, counted apart from the importer: the first place of the reconciliation.

A line is a payment here, read without any of the code that fills the tables; lines that the importer set aside are
left out, because they are accounted for in `load_rejects`.
"""

import csv
from collections import Counter, defaultdict
from decimal import Decimal

from estate.oltp.olist.files import FILES, Folder, header
from estate.types import Totals

CURRENCY = "BRL"


def payments(folder: Folder) -> Totals:
    """(currency, payment type, payments, sum in minor units), by type."""
    name, _ = FILES["payments"]
    aside = {reject.line for reject in folder.rejects if reject.file == name and reject.outcome == "rejected"}
    place = {column: at for at, column in enumerate(header(folder.path / name))}
    count: Counter[str] = Counter()
    total: dict[str, Decimal] = defaultdict(Decimal)
    with (folder.path / name).open(encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if number == 1 or number in aside or not line.strip():
                continue
            values = next(csv.reader([line]))
            kind = values[place["payment_type"]].strip()
            count[kind] += 1
            total[kind] += Decimal(values[place["payment_value"]].strip())
    return [(CURRENCY, kind, count[kind], int(total[kind] * 100)) for kind in sorted(count)]
