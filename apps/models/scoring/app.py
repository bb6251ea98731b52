"""The addresses of the scoring service: `POST /score`, `GET /schema`, `GET /healthz`."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from apps.models.scoring.callers import Callers, Refused
from apps.models.scoring.desk import Desk, Said
from apps.models.scoring.journal import Journal
from apps.models.scoring.ledger import Ledger
from apps.models.scoring.limits import MOST_AT_ONCE, Bounded, Rate, body_of
from apps.models.scoring.loaded import Loaded

Work = Callable[[], Said]
THREADS = 4
ANSWER_WITHIN_S = 5.0


def build(name: str) -> FastAPI:
    ledger, journal = Ledger(name), Journal()
    desk = Desk(ledger, journal, Callers(), Rate(settings.SCORING_RATE))
    service = Service(desk, ledger)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        journal.start()
        ledger.start()
        yield
        # In this order: the last answers are given, and what they left is written.
        await asyncio.to_thread(service.pool.shutdown)
        await asyncio.to_thread(ledger.end)
        await asyncio.to_thread(journal.end)

    # No pages of documentation: they would load scripts from elsewhere.
    app = FastAPI(title="Portico scoring", lifespan=life, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/score", service.score, methods=["POST"])
    app.add_api_route("/schema", service.schema, methods=["GET"])
    app.add_api_route("/healthz", service.health, methods=["GET"])
    app.add_api_route("/version", service.version, methods=["GET"], response_class=PlainTextResponse)
    return app


class Service:
    """The asynchronous side: reads bodies, bounds what is under way, and leaves the work to a few threads."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self.desk = desk
        self.ledger = ledger
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="score")
        self._under_way = 0

    async def score(self, request: Request) -> JSONResponse:
        started = time.perf_counter()
        try:
            if self._under_way >= MOST_AT_ONCE:
                raise Bounded(503, "The scoring service is busy.", retry_after_s=1)
            body = await body_of(request)
            header = request.headers.get("authorization", "")
            said = await self._worked(lambda: self.desk.score(header, body, started))
        except Bounded as bound:
            said = Said(bound.status, {"detail": bound.reason}, retry_after_s=bound.retry_after_s)
        return self._answer(said)

    async def schema(self, request: Request) -> JSONResponse:
        header = request.headers.get("authorization", "")
        try:
            said = await self._worked(lambda: self.desk.schema(header))
        except Bounded as bound:
            said = Said(bound.status, {"detail": bound.reason}, retry_after_s=bound.retry_after_s)
        return self._answer(said)

    async def health(self) -> JSONResponse:
        """That nothing is approved is not this service's fault: it is well, and says what it waits for."""
        live, failed = self.ledger.live, self.ledger.failed
        if isinstance(live, Loaded):
            serves: dict[str, Any] = {"model": live.serving.model, "version": live.serving.version}
        else:
            serves = {"serves": None, "code": live.code, "reason": live.reason}
        well = not (failed and not isinstance(live, Loaded))
        content = {"status": "ok" if well else "down", **serves}
        if failed:
            content["problem"] = failed.reason
        return JSONResponse(content, status_code=200 if well else 503)

    async def version(self) -> PlainTextResponse:
        """For the portal's own health page: in a few words what is served, 503 where it cannot serve what it should."""
        live, failed = self.ledger.live, self.ledger.failed
        if isinstance(live, Loaded):
            return PlainTextResponse(f"{live.serving.model} version {live.serving.version}")
        return PlainTextResponse("nothing yet", status_code=503 if failed else 200)

    async def _worked(self, work: Work) -> Said:
        future = asyncio.get_running_loop().run_in_executor(self.pool, with_database, work)
        self._under_way += 1
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                # Shielded: a thread cannot be interrupted, and what it still computes counts until it is done.
                return await asyncio.shield(future)
        except TimeoutError:
            raise Bounded(503, f"No answer within {ANSWER_WITHIN_S:g} s.", retry_after_s=1) from None

    def _done(self, _: "asyncio.Future[Said]") -> None:
        self._under_way -= 1

    def _answer(self, said: Said) -> JSONResponse:
        self.ledger.counts[str(said.status)] += 1
        headers = {"Cache-Control": "no-store"}
        if said.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if said.retry_after_s:
            headers["Retry-After"] = str(said.retry_after_s)
        return JSONResponse(said.content, status_code=said.status, headers=headers)


def with_database(work: Work) -> Said:
    close_old_connections()
    try:
        return work()
    except Refused as refusal:
        return Said(refusal.status, {"detail": refusal.reason})
    except Bounded as bound:
        return Said(bound.status, {"detail": bound.reason}, retry_after_s=bound.retry_after_s)
    except Error:
        # Who asks stands in the portal's database: without it nobody is let in.
        return Said(503, {"detail": "The portal's database does not answer."}, retry_after_s=2)
