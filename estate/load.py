"""Fills the payments platform: schemas in all three stores, then the rows of one origin into the two that hold them."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from estate.documents import load as documents
from estate.oltp import load as oltp
from estate.types import Loaded, Origin, Progress, Reject
from estate.warehouse import ddl
from portal.stores import open_store
from portal.stores.types import Sql, Store

VERSION = 2  # of what generator and importer make; a higher one loads again


def load_generated(seed: int, scale: float, *, progress: Progress) -> Loaded:
    from estate.generator.stream import Generated

    return load_origin(Generated(seed, scale), progress=progress)


def load_olist(folder: Path, *, progress: Progress) -> Loaded:
    """Raises estate.oltp.olist.files.BadFolder with one line about what is missing."""
    from estate.oltp.olist.origin import Olist

    return load_origin(Olist.of(folder), progress=progress)


def prepare() -> None:
    oltp.ensure_schema(open_store("oltp", "owner"))
    documents.ensure_collections(open_store("documents", "owner"))
    warehouse = open_store("warehouse", "owner")
    for statement in ddl.statements():  # one by one: DDL ends a transaction, so there is none to share
        warehouse.execute(statement)


def load_origin(origin: Origin, *, progress: Progress) -> Loaded:
    """The OLTP in one transaction, beside it the documents chunk by chunk, then the note that it is done. What breaks
    off in between is finished by the next run, which finds what is there and changes only what differs."""
    prepare()
    payments, papers = open_store("oltp", "owner"), open_store("documents", "owner")
    load_id = hashlib.sha256(f"{VERSION} {origin.name} {origin.identity}".encode()).hexdigest()[:32]
    if known := _latest(payments, origin.name, load_id):
        return known
    origin.read()
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Each store works while the other's rows are made.
        other = beside.submit(documents.load, papers, origin.collections(), progress=progress)
        counts = oltp.load(payments, origin.tables(), progress=progress)
        counts |= other.result()
    rejects = list(origin.rejects())
    _remember(payments, load_id, origin, counts, rejects)
    return Loaded(counts, len(rejects), fresh=True)


def _latest(store: Store, origin: str, load_id: str) -> Loaded | None:
    """An older load of the same origin is done again: rows that a later one changed go back to what they were."""
    newest = Sql(
        "select load_id, counts::text as counts from public.loads where origin = %s order by finished_at desc limit 1",
        (origin,),
    )
    with store.read(newest) as rows:
        found = [row for batch in rows for row in batch.to_pylist()]
    if not found or found[0]["load_id"] != load_id:
        return None
    counts = json.loads(found[0]["counts"])
    return Loaded(counts["rows"], counts["rejects"], fresh=False)


def _remember(store: Store, load_id: str, origin: Origin, counts: dict[str, int], rejects: list[Reject]) -> None:
    import pyarrow as pa

    figures = json.dumps({"rows": counts, "rejects": len(rejects), "files": origin.totals()})
    batch = pa.RecordBatch.from_pydict(
        {
            "load_id": pa.array([load_id] * len(rejects), pa.string()),
            "file": pa.array([reject.file for reject in rejects], pa.string()),
            "line": pa.array([reject.line for reject in rejects], pa.int32()),
            "reason": pa.array([reject.reason for reject in rejects], pa.string()),
            "outcome": pa.array([reject.outcome for reject in rejects], pa.string()),
            "row_digest": pa.array([reject.digest for reject in rejects], pa.string()),
        }
    )
    with store.transaction() as bound:
        bound.execute(Sql("delete from public.load_rejects where load_id = %s", (load_id,)))
        bound.write(("public", "load_rejects"), [batch])
        bound.execute(
            Sql(
                "insert into public.loads (load_id, origin, counts) values (%s, %s, %s::jsonb) "
                "on conflict (load_id) do update set counts = excluded.counts, finished_at = now()",
                (load_id, origin.name, figures),
            )
        )
