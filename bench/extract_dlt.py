"""dlt's turn: `extract_dlt.py BACKEND FOLDER`. Its sql_database source, its filesystem destination, Parquet."""

import json
import logging
import os
import resource
import sys
import time
from pathlib import Path

import dlt
import pyarrow.parquet as pq
from dlt.sources.sql_database import sql_table

# connectorx gives the whole table at once unless it is asked for a stream.
STREAM = {"return_type": "arrow_stream", "batch_size": 65_536}


def main(backend: str, folder: Path) -> None:
    name, _, stream = backend.partition("-")
    if name == "connectorx":
        import connectorx  # noqa: F401 - imports are not part of the clock, on either side

    logging.disable(logging.WARNING)
    table = sql_table(
        credentials=os.environ["BENCH_ADDRESS"].replace("postgresql://", "postgresql+psycopg2://"),
        table="charges",
        schema="public",
        backend=name,
        chunk_size=65_536,
        backend_kwargs=STREAM if stream else {},
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "work"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "stage").as_uri()),
        dataset_name="bench",
    )
    started, worked = time.perf_counter(), time.process_time()
    pipeline.run(table, loader_file_format="parquet")
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    files = list((folder / "stage" / "bench" / "charges").glob("*.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "mib": peak}))


main(sys.argv[1], Path(sys.argv[2]))
