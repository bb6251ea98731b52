"""The addresses Snowflake's connector speaks to: fakesnow's handlers, with a door in front and errors behind."""

import asyncio
import gzip
import hmac
import json
import logging
import re
import secrets
import time
from importlib.metadata import version
from typing import Any

import fakesnow.server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .statements import Session

log = logging.getLogger("warehouse")
VERSION = f"fakesnow {version('fakesnow')} on DuckDB {version('duckdb')}"
GRACE_S = 2.0
UPLOAD_KEY = secrets.token_urlsafe(24)
PREFIX = re.compile(r"^\d{6} \(\w*\): (None: )?")
Peer = tuple[str, int]


class Door:
    """Accounts and sessions. Snowflake's tokens, kept as long as the connector keeps them."""

    def __init__(self, accounts: dict[str, dict[str, Any]]) -> None:
        self.accounts = accounts
        self.sessions: dict[str, Session] = {}

    def admits(self, data: dict[str, Any]) -> bool:
        account = self.accounts.get(str(data.get("LOGIN_NAME", "")).lower())
        if "FAKESNOW_DB_PATH" in (data.get("SESSION_PARAMETERS") or {}):
            return False  # would open files of its own, which nobody else sees
        return account is not None and hmac.compare_digest(account["password"], str(data.get("PASSWORD", "")))

    def enter(self, token: str, data: dict[str, Any]) -> None:
        user = str(data["LOGIN_NAME"]).lower()
        connection = fakesnow.server.sessions[token]
        session = Session(user, connection, data.get("SESSION_PARAMETERS") or {})
        connection.session, connection.writes = session, bool(self.accounts[user]["writes"])
        self.sessions[token] = session

    def of(self, request: Request) -> Session | None:
        token = request.headers.get("Authorization", "")[17:-1]
        if token not in fakesnow.server.sessions:
            self.sessions.pop(token, None)
        session = self.sessions.get(token)
        if session and request.client:
            session.peer, session.used = (request.client.host, request.client.port), time.monotonic()
        return session

    async def lost(self, peer: Peer) -> None:
        """A client's connection closed. If nothing else comes from it, it was killed: stop and undo its work."""
        mine = [session for session in self.sessions.values() if session.peer == peer]
        for session in mine:
            session.interrupt("the client is gone")
        await asyncio.sleep(GRACE_S)
        for session in mine:
            if session.peer == peer and not session.request_id:
                session.roll_back()


def failure(code: str, message: str, state: str = "") -> JSONResponse:
    """Snowflake says no with HTTP 200; any other status makes the connector try again."""
    return JSONResponse(
        {"data": {"errorCode": code, "sqlState": state}, "code": code, "message": message, "success": False}
    )


async def body_of(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    content: dict[str, Any] = json.loads(body) if body else {}
    return content


def failed(response: Response) -> bool:
    """Without reading a whole result again: `success` is the last key of every answer."""
    return b'"success":false' in bytes(response.body)[-20:]


def translated(response: Response) -> Response:
    """fakesnow's own HTTP 500 quotes the statement with its values: neither the status nor the text gets out."""
    if response.status_code == 200 and not failed(response):
        return response
    content = json.loads(bytes(response.body))
    code = str(content.get("code") or "261000")
    if response.status_code == 200:  # the connector puts number and state in front again
        message = PREFIX.sub("", str(content["message"]))
        return failure(code, message, str(content["data"]["sqlState"]))
    if code.startswith("3901"):
        return failure(code, str(content.get("message")))
    return failure("000002", "Unsupported feature: the local warehouse emulator cannot run this statement.", "0A000")


class Handlers:
    def __init__(self, door: Door) -> None:
        self.door = door

    async def login(self, request: Request) -> Response:
        data = (await body_of(request)).get("data", {})
        if not self.door.admits(data):
            return failure("390100", "Incorrect username or password was specified.")
        response = await fakesnow.server.login_request(request)
        self.door.enter(json.loads(bytes(response.body))["data"]["token"], data)
        return translated(response)

    async def query(self, request: Request) -> Response:
        session = self.door.of(request)
        if session is None:
            return failure("390104", "User must login again to access the service.")
        content = await body_of(request)
        async with session.turn:
            session.note_timeout(str(content.get("sqlText", "")))
            timeout_s = session.timeout_for(content.get("parameters") or {})
            started = time.monotonic()
            with session.running(request.query_params.get("requestId", secrets.token_hex(8)), timeout_s):
                response = translated(await fakesnow.server.query_request(request))
        if failed(response):  # never its text: that can hold a person's values
            log.info("%s: statement failed after %.2f s", session.user, time.monotonic() - started)
        return response

    async def abort(self, request: Request) -> Response:
        wanted = str((await body_of(request)).get("requestId", ""))
        session = self.door.of(request)
        for running in self.door.sessions.values():
            if session and wanted and running.request_id == wanted and running.user == session.user:
                running.interrupt("cancelled")
        return JSONResponse({"success": True, "data": None, "code": None, "message": None})

    async def session(self, request: Request) -> Response:
        found = self.door.of(request)
        if found and request.query_params.get("delete"):
            found.roll_back()
        return translated(await fakesnow.server.session(request))

    async def upload(self, request: Request) -> Response:
        if not hmac.compare_digest(request.query_params.get("key", ""), UPLOAD_KEY):
            return Response(status_code=403)
        response: Response = await fakesnow.server.bucket_upload(request)
        return response

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "version": VERSION})

    async def broken(self, _: Request, error: Exception) -> Response:
        log.error("a handler failed: %s", type(error).__name__)
        return failure("000002", f"The local warehouse emulator failed ({type(error).__name__}).", "0A000")


def application(door: Door) -> Starlette:
    handlers = Handlers(door)
    return Starlette(
        routes=[
            Route("/health", handlers.health),
            Route("/session/v1/login-request", handlers.login, methods=["POST"]),
            Route("/session", handlers.session, methods=["POST"]),
            Route("/session/heartbeat", handlers.session, methods=["POST"]),
            Route("/queries/v1/query-request", handlers.query, methods=["POST"]),
            Route("/queries/v1/abort-request", handlers.abort, methods=["POST"]),
            Route("/fs_bucket/{path:path}", handlers.upload, methods=["PUT"]),
            Route("/monitoring/queries/{sfqid}", fakesnow.server.monitoring_query, methods=["GET"]),
        ],
        exception_handlers={Exception: handlers.broken},
    )
