"""A run's log as server-sent events. Between lines it waits for a word from Valkey and holds no database connection."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from portal.runs.dispatch import channel
from portal.runs.flows import ENDED
from portal.runs.models import LogLine, Run
from portal.runs.selectors import first_line_to_show, lines_after

POLL_SECONDS = 5.0  # should the word from Valkey not come
STREAM_SECONDS = 900.0  # then the browser asks again, and the permission is looked at again
CHUNK = 1000


def release_connection() -> None:
    """Gives the thread's connection back, unless it is in a transaction, which ends it anyway (tests)."""
    if not connection.in_atomic_block:
        connection.close()


def read(run_id: int, last_id: int | None, step: str) -> tuple[str, int, list[LogLine]]:
    """The state first: lines are written before the outcome, so those of an ended run are all there."""
    try:
        state = Run.objects.values_list("state", flat=True).get(pk=run_id)
        after = first_line_to_show(run_id, step=step) if last_id is None else last_id
        return state, after, lines_after(run_id, after, step=step, limit=CHUNK)
    finally:
        release_connection()


async def follow(run_id: int, last_id: int | None, step: str = "") -> AsyncIterator[bytes]:
    ask = sync_to_async(read, thread_sensitive=False)
    until = time.monotonic() + STREAM_SECONDS
    async with _words(run_id) as word:
        while time.monotonic() < until:
            state, last_id, lines = await ask(run_id, last_id, step)
            for line in lines:
                yield event("line", as_json(line), line.pk)
                last_id = line.pk
            if len(lines) == CHUNK:
                continue
            if state in ENDED:
                yield event("end", {"state": state})
                return
            if not await word():
                yield b": still here\n\n"


def event(name: str, data: dict[str, Any], number: int | None = None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def as_json(line: LogLine) -> dict[str, Any]:
    return {
        "at": line.at.isoformat(timespec="milliseconds"),
        "level": line.level,
        "step": line.step.key,
        "attempt": line.attempt,
        "text": line.text,
    }


@asynccontextmanager
async def _words(run_id: int) -> AsyncIterator[Any]:
    """Gives a function that waits until the run changed (True) or POLL_SECONDS went by (False)."""
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    valkey = Redis.from_url(settings.BROKER_URL, socket_connect_timeout=2)
    words = valkey.pubsub(ignore_subscribe_messages=True)
    try:
        await words.subscribe(channel(run_id))
    except (RedisError, OSError):
        await valkey.aclose()
        yield _nap
        return

    async def word() -> bool:
        until = time.monotonic() + POLL_SECONDS
        try:
            while (left := until - time.monotonic()) > 0:
                if await words.get_message(timeout=left) is not None:
                    return True
        except (RedisError, OSError):
            await _nap()
        return False

    try:
        yield word
    finally:
        await words.aclose()  # type: ignore[no-untyped-call]
        await valkey.aclose()


async def _nap() -> bool:
    await asyncio.sleep(1)
    return False
