"""The steps of every HTTP request: observe, find the handler by the head, admit, call, compress."""

import logging
import re
from collections.abc import Mapping
from itertools import count
from secrets import token_hex
from time import perf_counter

from aiohttp import hdrs, web

from gateway.http.admission_control import AdmissionControl, overloaded
from gateway.http.authentication import CHANGE_CURSOR
from gateway.http.browsers import Browsers
from gateway.http.faults import Fault, refuse
from gateway.http.head import GRAPHQL_PATH, EarlyFaultWriter, Handler, Head, Mount, Route
from gateway.http.media_types import accepts_gzip
from gateway.http.observing import Observation, Observers
from gateway.http.request import Request
from gateway.http.responses import MIN_COMPRESSED_BYTES, Response, Sendable, vary
from gateway.http.traffic import Traffic
from schema.errors import ErrorCode
from schema.excerpts import excerpt

logger = logging.getLogger(__name__)

_FIRST_SEGMENT = re.compile(r"/[^/?]+")


class Responder:
    """Answers requests by the route of their path."""

    def __init__(  # noqa: PLR0913, PLR0917  the parts of a server
        self,
        routes: Mapping[str, Route],
        mounts: Mapping[str, Mount],
        traffic: Traffic,
        admission: AdmissionControl,
        observers: Observers,
        browsers: Browsers,
    ) -> None:
        self._routes = routes
        self._mounts = mounts
        self._admission = admission
        self._traffic = traffic
        self._observers = observers
        self._browsers = browsers
        self._process, self._numbers = token_hex(4), count(1)
        self.refusals: dict[str, EarlyFaultWriter] = {
            GRAPHQL_PATH: Fault.response,
            **{path: mount.write_early_fault for path, mount in mounts.items()},
        }
        """What writes refusals under overload, by the paths with admission control."""

    async def respond(self, request: Request) -> Sendable:
        """Return the response to a request; a streaming response has been sent already."""
        head = request.head
        request_id = f"{self._process}-{next(self._numbers):x}"
        observation = Observation(head, self._observers, perf_counter(), request_id)
        request.observation = observation
        with observation:
            try:
                handler = head.handler or self._bind(head)
                if request.is_admitted or not head.origin.is_gated:
                    response: Sendable = await handler(request)
                else:
                    response = await self._answer_if_admitted(handler, request)
            except Exception as error:  # noqa: BLE001  every error has a response
                response = _failed(request, error)
            self._browsers.add_cors_headers(head, response.headers)
            if isinstance(response, Response):
                response.request_id = request_id
                if request.reads and request.reads.seen:
                    response.headers[CHANGE_CURSOR] = request.reads.seen.cursor()
                if len(response.body) > MIN_COMPRESSED_BYTES:
                    await _compress_if_accepted(head, response)
            else:
                response.headers["X-Request-Id"] = request_id
                if not isinstance(response, web.StreamResponse):
                    await response.run(request)
            observation.status = response.status
        if self._traffic.stopping:
            response.force_close()
        return response

    async def _answer_if_admitted(self, handler: Handler, request: Request) -> Sendable:
        """Call a handler within the limit of requests; raise ``Fault`` if that is reached.

        A connection beyond the limit of connections is closed.
        """
        connection = request.connection
        if connection.is_spare:
            connection.close()
            raise overloaded(
                "The limit of open connections is reached. Try again later.", Connection="close"
            )
        if not self._admission.try_acquire(connection):
            raise overloaded()
        try:
            response: Sendable = await handler(request)
        finally:
            self._admission.release(connection)
        return response

    def _bind(self, head: Head) -> Handler:
        """Find the handler of a head, and store it there.

        It is not stored with a head made for one request, to avoid a reference cycle.
        """
        origin = head.origin
        try:
            if origin.route is None:
                origin.route = self._checked_route(origin)
            handler = origin.route(head)
        except Fault as fault:
            handler = _refusing(fault.with_traceback(None))
        if origin is head:
            head.handler = handler
        return handler

    def _checked_route(self, head: Head) -> Route:
        """Find the route of a head, set the format of its errors, and check its fields."""
        first = _FIRST_SEGMENT.match(head.raw_path)
        mount = self._mounts.get(first[0]) if first else None
        if mount:
            head.write_fault = mount.write_fault
        self._browsers.check(head)
        if self._browsers.is_preflight(head):
            return _preflight
        if hdrs.EXPECT in head.headers:
            _check_expected(head)
        route = mount.route if mount else self._routes.get(head.raw_path)
        route = route or self._route_by_path(head.path)
        head.is_gated = mount is not None or route is self._routes[GRAPHQL_PATH]
        return route

    def _route_by_path(self, path: str) -> Route:
        """Return the route at a path, or the one for all paths in its first folder."""
        folder = path.split("/", 2)[1] if path.startswith("/") else ""
        return self._routes.get(path) or self._routes.get(f"/{folder}/*", _nowhere)


async def _compress_if_accepted(head: Head, response: Response) -> None:
    vary(response.headers, "Accept-Encoding")
    if accepts_gzip(head.headers.get(hdrs.ACCEPT_ENCODING, "")):
        await response.compress()


def _failed(request: Request, error: Exception) -> Response:
    """Return the response to a request that was refused or has failed."""
    match error:
        case Fault():
            return refuse(request, error)
        case ConnectionError() | web.RequestPayloadError():  # the client disconnected
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


def _preflight(_head: Head) -> Handler:
    return _no_content


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
