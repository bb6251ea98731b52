"""What must agree between the source, RAW and the models after a run of `payments_elt`.

RAW keeps every version of a row; its newest one per key is what the source holds now.
"""

from estate.pipelines.definition import Agreement, Measure


def newest(table: str, columns: str) -> str:
    return (
        f"select {columns} from ANALYTICS.RAW.{table} "  # noqa: S608
        "qualify row_number() over (partition by ID order by UPDATED_AT desc, _LOADED_AT desc) = 1"
    )


def oltp(table: str, groups: str, figures: str) -> Measure:
    by = f" group by {groups} order by {groups}" if groups else ""
    head = f"{groups}, " if groups else ""
    text = f"select {head}{figures} from public.{table}{by}"  # noqa: S608 - names from this file
    return Measure("oltp", "PostgreSQL", text, ("public", table))


def raw(table: str, groups: str, figures: str, columns: str) -> Measure:
    by = f" group by {groups} order by {groups}" if groups else ""
    head = f"{groups}, " if groups else ""
    text = f"select {head}{figures} from ({newest(table, columns)}) as newest{by}"  # noqa: S608
    return Measure("warehouse", "RAW", text, ("ANALYTICS", "RAW", table))


def core(table: str, groups: str, figures: str) -> Measure:
    by = f" group by {groups} order by {groups}" if groups else ""
    head = f"{groups}, " if groups else ""
    text = f"select {head}{figures} from ANALYTICS.CORE.{table}{by}"  # noqa: S608
    return Measure("warehouse", "CORE", text, ("ANALYTICS", "CORE", table))


# What the files add up to, as `load_estate` counted them, while PostgreSQL still holds exactly what came from them.
FILES = Measure(
    "oltp",
    "CSV files",
    "select line->>0 as currency, line->>1 as payment_type, (line->>2)::bigint as n, (line->>3)::bigint as total "
    "from public.loads l, jsonb_array_elements(l.counts->'files') line "
    "where not exists (select 1 from public.loads other where other.origin <> l.origin) "
    "and l.finished_at = (select max(finished_at) from public.loads) "
    "and not exists (select 1 from public.charges c where c.updated_at > l.finished_at)",
    ("public", "loads"),
    optional=True,
)
ROWS_AND_SUM = "count(*) as n, coalesce(sum(amount), 0) as total"


def money(table: str, fact: str, groups: str, *more: Measure) -> Agreement:
    """Rows and sum of `amount` by `groups`, the same column names in all three places."""
    names = tuple(name.strip() for name in groups.split(","))
    return Agreement(
        key=f"{table}_agree",
        title=f"{table.replace('_', ' ').capitalize()} agree by {groups.replace('_', ' ')}",
        groups=names,
        figures=("rows", "amount"),
        measures=(
            *more,
            oltp(table, groups, ROWS_AND_SUM),
            raw(f"OLTP_{table.upper()}", groups, ROWS_AND_SUM, f"{groups}, amount"),
            core(fact, groups, ROWS_AND_SUM),
        ),
    )


def rows(table: str, dimension: str, *, current: str) -> Agreement:
    measure = Measure(
        "warehouse",
        "CORE",
        f"select count(*) as n from ANALYTICS.CORE.{dimension}{current}",  # noqa: S608
        ("ANALYTICS", "CORE", dimension),
    )
    return Agreement(
        key=f"{table}_agree",
        title=f"{table.capitalize()} agree",
        groups=(),
        figures=("rows",),
        measures=(
            oltp(table, "", "count(*) as n"),
            raw(f"OLTP_{table.upper()}", "", "count(*) as n", "ID"),
            measure,
        ),
    )


CHECKS = (
    money("charges", "FCT_CHARGES", "currency, payment_type", FILES),
    money("refunds", "FCT_REFUNDS", "currency"),
    money("disputes", "FCT_DISPUTES", "currency"),
    money("payouts", "FCT_PAYOUTS", "currency"),
    rows("customers", "DIM_CUSTOMERS", current=" where IS_CURRENT"),
    rows("merchants", "DIM_MERCHANTS", current=""),
)
