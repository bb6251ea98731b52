"""`python -m tests.e2e.person [ADDRESS]`, with PORTICO_HOME: a customer whom nobody else shares an address with, or in
how many rows of the tables this address stands. Asked of the stores themselves, past the portal's own search."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
SOMEBODY = """
    select c.email from customers c join charges h on h.customer_id = c.id where c.email like '%@%.%'
    group by 1 having count(distinct c.id) = 1 order by count(*) desc, 1 limit 1
"""
TABLES = {
    "oltp": ["customers"],
    "warehouse": ["RAW.OLTP_CUSTOMERS", "STAGING.STG_CUSTOMERS", "CORE.DIM_CUSTOMERS"],
}


def main() -> None:
    import django

    django.setup()
    from portal.stores import open_store
    from portal.stores.types import Sql

    def asked(source: str, text: str, *params: str) -> list[dict[str, str]]:
        with open_store(source, "owner" if source == "oltp" else "loader").read(Sql(text, params)) as rows:
            return [row for batch in rows for row in batch.to_pylist()]

    if len(sys.argv) == 1:
        print(asked("oltp", SOMEBODY)[0]["email"])
        return
    texts = [
        (source, f"select 1 as n from {table} where lower(email) = %s") for source in TABLES for table in TABLES[source]
    ]
    print(sum(len(asked(source, text, sys.argv[1])) for source, text in texts))


if __name__ == "__main__":
    main()
