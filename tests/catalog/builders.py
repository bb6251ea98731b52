"""A small estate in the catalog: two stores, as a sync would have left them."""

from collections.abc import Sequence

from django.utils import timezone

from apps.catalog import services
from apps.catalog.models import Column, Dataset, Source
from apps.catalog.types import ColumnRef, Edge, EdgeEvidence, EdgeKind, SyncReport
from portal.audit.types import Actor
from portal.stores.types import ColumnInfo, DatasetInfo

HOUSE = Actor.system("tests")
KINDS = {"oltp": "postgres", "documents": "mongo", "warehouse": "snowflake"}


def info(path: str, *columns: str, kind: str = "table", **more: object) -> DatasetInfo:
    """`info("payments.public.customers", "id text", "email text")`."""
    listed = []
    for position, column in enumerate(columns, 1):
        name, _, type_name = column.partition(" ")
        listed.append(ColumnInfo(name, type_name or "text", position=position))
    return DatasetInfo(tuple(path.split(".")), kind, tuple(listed), **more)  # type: ignore[arg-type]


def seen(source: str, infos: Sequence[DatasetInfo]) -> SyncReport:
    row, _ = Source.objects.get_or_create(name=source, defaults={"kind": KINDS[source]})
    return services.write_sync(actor=HOUSE, source=row, infos=infos, started=timezone.now())


def ref(text: str) -> ColumnRef:
    """`oltp/public.customers/email`."""
    source, path, column = text.split("/")
    return ColumnRef(source, tuple(path.split(".")), column)


def edge(upstream: str, downstream: str, transform: str = "copy", kind: str = "load") -> Edge:
    return Edge(ref(upstream), ref(downstream), EdgeKind.VALUE, EdgeEvidence(kind, "step 1"), transform)


def column(text: str) -> Column:
    where = ref(text)
    return Column.objects.get(
        dataset__source__name=where.source,
        dataset__path__contains=list(where.path),
        dataset__name=where.path[-1],
        name=where.column,
    )


def dataset(source: str, name: str) -> Dataset:
    return Dataset.objects.get(source__name=source, name=name)


def shop() -> None:
    """customers -> RAW.OLTP_CUSTOMERS -> CORE.DIM_CUSTOMERS, and sessions with a VARIANT of events."""
    seen(
        "oltp",
        [
            info("payments.public.customers", "id text", "email text", "status text", row_count=12),
            info("payments.public.secrets", "token text"),
        ],
    )
    seen(
        "documents",
        [
            info(
                "payments.sessions",
                "_id string",
                "events array",
                "events[] object",
                "events[].ip string",
                "events[].page string",
                kind="collection",
            )
        ],
    )
    seen(
        "warehouse",
        [
            info("ANALYTICS.RAW.OLTP_CUSTOMERS", "ID TEXT", "EMAIL TEXT", "STATUS TEXT", "_LOADED_AT TIMESTAMP_TZ"),
            info("ANALYTICS.RAW.DOCUMENTS_SESSIONS", "ID TEXT", "EVENTS VARIANT", "_RUN_ID NUMBER"),
            info("ANALYTICS.CORE.DIM_CUSTOMERS", "CUSTOMER_ID TEXT", "EMAIL TEXT", "ORDERS NUMBER"),
        ],
    )


def loads() -> None:
    services.replace_edges(
        actor=HOUSE,
        origin="pipeline:payments_elt",
        edges=[
            edge("oltp/public.customers/id", "warehouse/RAW.OLTP_CUSTOMERS/ID"),
            edge("oltp/public.customers/email", "warehouse/RAW.OLTP_CUSTOMERS/EMAIL"),
            edge("oltp/public.customers/status", "warehouse/RAW.OLTP_CUSTOMERS/STATUS"),
            edge("documents/sessions/_id", "warehouse/RAW.DOCUMENTS_SESSIONS/ID"),
            edge("documents/sessions/events", "warehouse/RAW.DOCUMENTS_SESSIONS/EVENTS"),
        ],
    )
