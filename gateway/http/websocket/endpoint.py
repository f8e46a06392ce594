"""Taking WebSockets in: from where, how many, and how they are held open."""

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.execution.operation import Executor
from gateway.http.faults import Fault
from gateway.http.server import REQUEST_ID, Traffic
from gateway.http.websocket.connection import CLOSE_SECONDS, Connection, Limits
from gateway.http.websocket.messages import SUBPROTOCOL, Closing
from gateway.http.websocket.wire import Wire
from schema.context import Context
from schema.errors import ErrorCode


def is_upgrade(request: web.BaseRequest) -> bool:
    """Tell whether a request asks for a WebSocket."""
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


class WebSocketEndpoint:
    """Answers requests for a WebSocket."""

    def __init__(
        self,
        executor: Executor,
        context: Context,
        traffic: Traffic,
        limits: Limits,
        *,
        origins: Collection[str],
    ) -> None:
        self._executor = executor
        self._context = context
        self._traffic = traffic
        self._limits = limits
        self._origins = frozenset(origins)
        self._open = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Open a WebSocket and serve it until it is closed; raise ``Fault`` for one refused."""
        self._check_origin(request)
        if self._open >= self._limits.connections:
            raise Fault(
                503,
                "There are as many WebSockets as are kept open. Try again later.",
                code=ErrorCode.OVERLOADED,
                headers={"Retry-After": "5"},
            )
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._limits.heartbeat_seconds,
            protocols=[SUBPROTOCOL],
            compress=False,
            max_msg_size=self._limits.message_bytes,
            decode_text=False,
        )
        if not socket.can_prepare(request):
            raise Fault(400, "The WebSocket handshake is not complete (RFC 6455, section 4.1).")
        self._open += 1
        try:
            await self._serve(socket, request)
        finally:
            self._open -= 1
        return socket

    async def _serve(self, socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        request_id = request[REQUEST_ID]
        socket.headers["X-Request-Id"] = request_id
        await socket.prepare(request)
        if socket.ws_protocol is None:
            refusal = Closing(4406, f"Subprotocol not acceptable: {SUBPROTOCOL} is spoken here")
            await socket.close(code=refusal.code, message=refusal.reason.encode())
            return
        wire = Wire(socket, request)
        connection = Connection(wire, self._executor, self._context, self._limits, request_id)
        with self._traffic.telling(connection.stop):
            await connection.run(stopping=self._traffic.stopping)

    def _check_origin(self, request: web.BaseRequest) -> None:
        """Let in pages of the gateway's own and those named, and what is no browser."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or origin in self._origins:
            return
        if urlsplit(origin).netloc != request.headers.get(hdrs.HOST):
            raise Fault(403, f"Pages of {origin!r} may not connect. It is not in cors-origins.")
