"""The codec server: decodes payloads for the Temporal UI and command line, and encodes them, for those who may.

Its protocol is Temporal's: POST /decode and /encode, `{"payloads": [...]}` in protobuf JSON there and back. Every call
leaves one line in the log: who, in which role, with which keys, how many, and with what result; never content (ALL-6).
"""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from typing import Any

import structlog
import uvicorn
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.converter import PayloadCodec

from converter.access import Access, Call, Caller, Refused, expect_permitted
from converter.answers import Done, decode, encode, payloads_of
from logs import Plain
from settings import Settings

log = structlog.get_logger("codec_server")

CaseOf = Callable[[str], str | None]
"""Which case a key is of, as far as it is known."""

_BODY_SECONDS = 30
_LAST_CALLS_SECONDS = 5
_SAFE_TO_LOG = re.compile(r"[\w.:/@|+=-]{1,200}", re.ASCII)


class CannotServe(RuntimeError):
    """The port can't be had; says why, and which setting names it."""


@asynccontextmanager
async def serving(settings: Settings, codec: PayloadCodec, access: Access, case_of: CaseOf) -> AsyncIterator[str]:
    """Answers calls for as long as the block runs; yields the address. Raises CannotServe."""
    host, port = settings.codec_host, settings.codec_port
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotServe(
            f"{host} port {port} can't be used ({error.strerror}); set REENGAGEMENT_CODEC_HOST or _PORT to another"
        ) from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for the caller's ACK
    server = _Server(
        uvicorn.Config(
            app(settings, codec, access, case_of),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_LAST_CALLS_SECONDS,
        )
    )
    answering = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.should_exit = True
        await answering


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the process, which then leaves the block."""
        yield


def app(settings: Settings, codec: PayloadCodec, access: Access, case_of: CaseOf) -> Starlette:
    """The codec server for one codec, open to whom `access` knows."""
    book = Book(case_of)
    budget = Budget(settings.codec_payloads_a_minute)

    def route(call: Call, work: Callable[[PayloadCodec, list[Any]], Awaitable[Done]]) -> Route:
        async def answer(request: Request) -> Response:
            who: Caller | None = None
            try:
                who = await access.caller(request.headers.get("Authorization"), request.headers.get("X-Namespace"))
                expect_permitted(who, call)
                await budget.spend(who.subject, 1)
                payloads = payloads_of(await _body(request, settings.codec_max_bytes), settings.codec_max_payloads)
                await budget.spend(who.subject, len(payloads) - 1)
                done = await work(codec, payloads)
                answer = _json(200, {"payloads": done.payloads})
            except Refused as no:
                book.refused(call, no, who)
                return _refusal(no)
            except Exception as error:
                book.failed(call, error, who)
                return _json(500, {"error": "something is wrong here; the log of the codec server has more"})
            await book.done(call, who, done)
            return answer

        return Route(f"/{call}", answer, methods=["POST"])

    async def health(request: Request) -> Response:
        return _json(200, {"status": "ok"})

    async def no_such_call(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _json(status, {"error": "there are POST /decode, POST /encode and GET /health"})

    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.ui_pages,
        allow_credentials=True,
        allow_methods=["POST"],
        allow_headers=["Authorization", "Authorization-Extras", "Content-Type", "X-Namespace"],
        allow_private_network=True,  # a UI in public, this server inside
        expose_headers=["Retry-After"],
    )
    return Starlette(
        routes=[route(Call.DECODE, decode), route(Call.ENCODE, encode), Route("/health", health)],
        middleware=[Middleware(Door, hosts=access.hosts, origins=settings.ui_pages, book=book), cors],
        exception_handlers={HTTPException: no_such_call},
    )


async def _body(request: Request, most: int) -> bytes:
    """The body, while it is not too long and comes in time. Raises Refused (400, 408, 413)."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise Refused(413, f"more than {most} bytes in one call")
    except TimeoutError as error:
        raise Refused(408, f"the body did not come within {_BODY_SECONDS} seconds") from error
    except ClientDisconnect as error:
        raise Refused(400, "the caller went away") from error
    return bytes(body)


class Budget:
    """How many payloads each person may have in a minute; every call counts as one at least."""

    def __init__(self, in_a_minute: int) -> None:
        self._rate = RateLimitItemPerMinute(in_a_minute)
        self._spent = FixedWindowRateLimiter(MemoryStorage())

    async def spend(self, subject: str, payloads: int) -> None:
        """Raises Refused (429) when there is no more to spend."""
        if payloads > 0 and not await self._spent.hit(self._rate, subject, cost=payloads):
            window = await self._spent.get_window_stats(self._rate, subject)
            again_in = max(1, ceil(window.reset_time - time.time()))
            raise Refused(429, f"more than {self._rate.amount} payloads in a minute", again_in=again_in)


class Door:
    """Refuses, before anything is read, who calls this server by another name or from a page of another site."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None, origins: tuple[str, ...], book: "Book") -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        why = None
        if self._hosts is not None and headers.get("Host", "").lower() not in self._hosts:
            why = "Host is not a name of this machine"
        elif not all(origin in self._origins for origin in headers.getlist("Origin")):
            why = "Origin is not one of the UI (REENGAGEMENT_UI_ORIGINS)"
        if why is None:
            await self._app(scope, receive, send)
        else:
            no = Refused(403, why)
            self._book.refused(scope["path"].strip("/"), no, None, origin=headers.get("Origin"))
            await _refusal(no)(scope, receive, send)


class Book:
    """The audit line of every call.

    What a caller makes up is written only where it has the form of an id. A subject is not made up: the issuer's
    signature was checked before it was read.
    """

    def __init__(self, case_of: CaseOf) -> None:
        self._case_of = case_of

    async def done(self, call: Call, who: Caller, done: Done) -> None:
        """Written before the answer goes out."""
        keys: list[str] = sorted(map(_safe, done.keys))
        log.info(
            Plain(f"{call}d"),
            **_known(who),
            payloads=len(done.payloads),
            unsealed=done.unsealed,
            unreadable=done.unreadable,
            result=Plain("in part" if done.unreadable else "done"),
            errors=sorted(map(Plain, done.errors)),
            keys=keys,
            cases=await asyncio.to_thread(self._cases, keys),
        )

    def refused(self, call: str, no: Refused, who: Caller | None, **more: str | None) -> None:
        """Refused, and why."""
        known = _known(who) if who else {"subject": no.subject and Plain(no.subject)}
        said = {name: value and _safe(value) for name, value in more.items()}
        log.warning("refused", call=_safe(call), **known, status=no.status, why=Plain(no.why), **said)

    def failed(self, call: Call, error: Exception, who: Caller | None) -> None:
        """A defect: its kind only, for its words may have content."""
        log.error("failed", call=call, **(_known(who) if who else {}), error=type(error).__name__)

    def _cases(self, keys: list[str]) -> list[str]:
        try:
            return sorted({case for case in map(self._case_of, keys) if case})
        except Exception as error:
            log.warning("cases of keys can't be told", error=type(error).__name__)
            return []


def _known(who: Caller) -> dict[str, str]:
    return {"subject": Plain(who.subject), "namespace": who.namespace, "role": who.role}


def _safe(text: str) -> Plain:
    return Plain(text if _SAFE_TO_LOG.fullmatch(text) else "(not an id)")


def _refusal(no: Refused) -> Response:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": str(no.again_in)}}.get(no.status, {})
    return _json(no.status, {"error": no.why}, headers)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    private = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(json.dumps(body), status, private | (headers or {}), "application/json")
