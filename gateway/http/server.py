"""Every request's way: an id, its route by path, refusals and faults as answers, common headers.

aiohttp's low-level server, since the routes are a handful of paths and its application would cost
each request a fifth of its time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import Protocol, cast

from aiohttp import hdrs, web

from gateway.http.browsers import Browsers
from gateway.http.connection import GATED_PATH, Capacity, Connection
from gateway.http.connections import Server
from gateway.http.faults import Fault, check_looked_at
from gateway.http.gate import Gate, overloaded
from gateway.http.observing import Observation, Observers
from gateway.http.request import Request
from gateway.http.responses import Response
from schema.errors import ErrorCode
from schema.excerpts import excerpt

logger = logging.getLogger(__name__)


class GoingOn(Protocol):
    """A response that is sent piece by piece: its headers are made first, and then it runs."""

    headers: dict[str, str]
    keep_alive: bool
    status: int

    def force_close(self) -> None:
        """Make it the connection's last."""

    async def run(self, request: Request) -> None:
        """Send it, from its head to its end."""


Sendable = Response | web.StreamResponse | GoingOn
Handler = Callable[[Request], Awaitable[Sendable]]


class Traffic:
    """The connections with a request under way, so that a server can finish it before it stops."""

    def __init__(self) -> None:
        self.stopping = False
        self._under_way: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._told: set[Callable[[], object]] = set()
        self._missed: dict[object, Callable[[], object]] = {}

    @contextmanager
    def telling(self, stop: Callable[[], object]) -> Iterator[None]:
        """Call ``stop`` when what goes on within the block is to come to its end."""
        self._told.add(stop)
        try:
            yield
        finally:
            self._told.remove(stop)

    @contextmanager
    def missing(self, connection: object, gone: Callable[[], object]) -> Iterator[None]:
        """Call ``gone`` when the connection is lost while the block lasts."""
        self._missed[connection] = gone
        try:
            yield
        finally:
            del self._missed[connection]

    def lost(self, connection: object) -> None:
        """Take note of a connection's end."""
        if gone := self._missed.get(connection):
            gone()

    def begins(self, connection: object) -> None:
        """Take note of a request."""
        self._under_way.add(connection)
        self._idle.clear()

    def ends(self, connection: object) -> None:
        """Take note of its answer."""
        self._under_way.discard(connection)
        if not self._under_way:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Take requests in for a while, each the last of its connection."""
        self.stopping = True
        await asyncio.sleep(seconds)

    async def finish(self, server: web.Server, seconds: float) -> None:
        """Close what is idle, and wait for the answers to what is under way."""
        for stop in tuple(self._told):
            stop()
        for connection in server.connections:
            if connection not in self._under_way:
                connection.force_close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)


def make_server(
    routes: Mapping[str, Handler],
    traffic: Traffic,
    capacity: Capacity,
    observers: Observers,
    *,
    browsers: Browsers,
) -> Server:
    """Make the server that answers at ``routes``, a handler for each path."""
    routes = {**routes, GATED_PATH: gated(capacity.gate, routes[GATED_PATH])}
    process, numbers = token_hex(4), count(1)

    async def answer(request: Request) -> Sendable:
        connection = cast("Connection", request.protocol)
        request_id = f"{process}-{next(numbers):x}"
        with Observation(request, observers, perf_counter(), request_id) as observation:
            request.observation = observation
            traffic.begins(connection)
            try:
                response = await _answer(routes, browsers, request)
                response.headers["X-Request-Id"] = request_id
                browsers.admit(request, response.headers)
                if isinstance(response, Response):
                    await response.compress(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
                elif not isinstance(response, web.StreamResponse):
                    await response.run(request)
                observation.status = response.status
            finally:
                del request.observation  # each has the other, which would make work for the GC
                traffic.ends(connection)
                connection.rests()
        if traffic.stopping:
            response.force_close()
        return response

    return Server(
        capacity,
        traffic.lost,
        answer,  # of a response, aiohttp's protocol only asks for what ours have
        request_factory=lambda message, payload, protocol, writer, task: Request(
            message,
            payload,
            protocol,
            writer,
            task,
            protocol._loop,  # noqa: SLF001  as aiohttp's own factories do
            client_max_size=capacity.body_bytes,
        ),
        auto_decompress=False,  # a small body must not become a large one unseen
        access_log=None,
    )


async def _answer(routes: Mapping[str, Handler], browsers: Browsers, request: Request) -> Sendable:
    try:
        browsers.check(request)
        if browsers.is_preflight(request):
            return Response(status=204)
        if hdrs.EXPECT in request.headers:
            await _go_on(request)
        route = routes.get(request.raw_path) or routes.get(request.path, _nowhere)
        return await route(request)
    except Fault as fault:
        return _refuse(request, fault)
    except (ConnectionError, web.RequestPayloadError):
        # For nobody: the client is gone.
        return _refuse(
            request, Fault(400, "The request ended before it was complete. Send it again.")
        )
    except Exception:
        request_id = request.observation.request_id
        logger.exception("Request %s failed.", request_id)
        failed = Fault(
            500,
            f"The gateway failed to answer. Its log has the reason under {request_id}.",
            code=ErrorCode.INTERNAL_SERVER_ERROR,
        )
        return _refuse(request, failed)


def _refuse(request: Request, fault: Fault) -> Response:
    request.observation.errors = (fault.code.value,)
    return fault.response()


async def _go_on(request: Request) -> None:
    """Tell a client that waits before it sends its body to send it (RFC 9110, section 10.1.1)."""
    expected = request.headers["Expect"]
    if expected.lower() != "100-continue":
        raise Fault(
            417, f"The Expect header is {excerpt(expected)}. Only 100-continue is supported."
        )
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0


async def _nowhere(request: Request) -> Response:
    raise Fault(404, f"There is nothing at {excerpt(request.path)}. GraphQL is at /graphql.")


def page(response: Callable[[], Awaitable[Response]]) -> Handler:
    """Make the handler of something that is only looked at."""

    async def answer(request: Request) -> Response:
        check_looked_at(request)
        return await response()

    return answer


def gated(gate: Gate, answer: Handler) -> Handler:
    """Let requests to a handler pass only through the gate."""

    async def pass_through(request: Request) -> Sendable:
        connection = cast("Connection", request.protocol)
        if connection.is_spare:
            connection.close()
            raise overloaded(
                "The limit of open connections is reached. Try again later.", Connection="close"
            )
        if not gate.admits(connection):
            raise overloaded()
        try:
            return await answer(request)
        finally:
            gate.leaves(connection)

    return pass_through
