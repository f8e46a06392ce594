"""The steps of every HTTP request: observe, choose by the head what answers, answer, compress.

aiohttp's low-level server, since the routes are a handful of paths and its application would cost
each request a fifth of its time.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from secrets import token_hex
from time import perf_counter

from aiohttp import hdrs, web

from gateway.http.admission_control import AdmissionControl, overloaded
from gateway.http.browsers import Browsers
from gateway.http.connection import GATED_PATH
from gateway.http.faults import Fault, check_looked_at, refuse
from gateway.http.head import Handler, Head, Route
from gateway.http.observing import Observation, Observers
from gateway.http.request import Request
from gateway.http.responses import MIN_COMPRESSED_BYTES, Response, Sendable
from gateway.http.traffic import Traffic
from schema.errors import ErrorCode
from schema.excerpts import excerpt

logger = logging.getLogger(__name__)


Answering = Callable[[Request], Awaitable[Sendable]]


class Responder:
    """Answers requests by their paths."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        traffic: Traffic,
        admission: AdmissionControl,
        observers: Observers,
        browsers: Browsers,
    ) -> None:
        self._routes = {**routes, GATED_PATH: gated(admission, routes[GATED_PATH])}
        self._traffic = traffic
        self._observers = observers
        self._browsers = browsers
        self._process, self._numbers = token_hex(4), count(1)

    async def respond(self, request: Request) -> Sendable:
        """Return the response to a request; one that is sent piece by piece has been sent."""
        head = request.head
        request_id = f"{self._process}-{next(self._numbers):x}"
        observation = Observation(head, self._observers, perf_counter(), request_id)
        request.observation = observation
        with observation:
            try:
                handler = head.handler or self._bind(head)
                response: Sendable = await handler(request)
            except Exception as error:  # noqa: BLE001  whatever it is, the client is answered
                response = _failed(request, error)
            self._browsers.admit(head, response.headers)
            if isinstance(response, Response):
                response.request_id = request_id
                if len(response.body) > MIN_COMPRESSED_BYTES:
                    await response.compress(head.headers.get(hdrs.ACCEPT_ENCODING, ""))
            else:
                response.headers["X-Request-Id"] = request_id
                if not isinstance(response, web.StreamResponse):
                    await response.run(request)
            observation.status = response.status
        if self._traffic.stopping:
            response.force_close()
        return response

    def _bind(self, head: Head) -> Handler:
        """Decide what answers all requests that have a head, and keep that with it."""
        handler = head.handler = self._handler(head)
        return handler

    def _handler(self, head: Head) -> Handler:
        """Decide what answers all requests that have a head."""
        try:
            self._browsers.check(head)
            if self._browsers.is_preflight(head):
                return _no_content
            if hdrs.EXPECT in head.headers:
                _check_expected(head)
            route = self._routes.get(head.raw_path) or self._route_by_path(head.path)
            return route(head)
        except Fault as fault:
            return _refusing(fault)

    def _route_by_path(self, path: str) -> Route:
        """Return the route at a path, or the one for all paths in its first folder."""
        folder = path.split("/", 2)[1] if path.startswith("/") else ""
        return self._routes.get(path) or self._routes.get(f"/{folder}/*", _nowhere)


def _failed(request: Request, error: Exception) -> Response:
    """Answer a request that was refused or has failed."""
    match error:
        case Fault():
            return refuse(request, error)
        case ConnectionError() | web.RequestPayloadError():  # for nobody: the client is gone
            message = "The request ended before it was complete. Send it again."
            return refuse(request, Fault(400, message))
    request_id = request.observation.request_id
    logger.error("Request %s failed.", request_id, exc_info=error)
    failed = Fault(
        500,
        f"The gateway failed to answer. Its log has the reason under {request_id}.",
        code=ErrorCode.INTERNAL_SERVER_ERROR,
    )
    return refuse(request, failed)


def _refusing(fault: Fault) -> Handler:
    async def answer(request: Request) -> Response:
        return refuse(request, fault)

    return answer


async def _no_content(_request: Request) -> Response:
    return Response(status=204)


def _check_expected(head: Head) -> None:
    expected = head.headers[hdrs.EXPECT]
    if expected.lower() != "100-continue":
        raise Fault(
            417, f"The Expect header is {excerpt(expected)}. Only 100-continue is supported."
        )


def _nowhere(head: Head) -> Handler:
    raise Fault(404, f"There is nothing at {excerpt(head.path)}. GraphQL is at /graphql.")


def page(response: Callable[[], Awaitable[Response]]) -> Route:
    """Make the route of something that is only looked at."""

    async def answer(_request: Request) -> Response:
        return await response()

    def route(head: Head) -> Handler:
        check_looked_at(head)
        return answer

    return route


def gated(admission: AdmissionControl, route: Route) -> Route:
    """Let requests of a route pass only through the admission."""

    def gated_route(head: Head) -> Handler:
        answer: Answering = route(head)

        async def answer_if_admitted(request: Request) -> Sendable:
            connection = request.connection
            if connection.is_spare:
                connection.close()
                raise overloaded(
                    "The limit of open connections is reached. Try again later.",
                    Connection="close",
                )
            if not admission.try_acquire(connection):
                raise overloaded()
            try:
                return await answer(request)
            finally:
                admission.release(connection)

        def pass_through(request: Request) -> Awaitable[Sendable]:
            return answer(request) if request.is_admitted else answer_if_admitted(request)

        return pass_through

    return gated_route
