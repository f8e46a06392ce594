"""Taking WebSockets in: how many, and how they are held open."""

from aiohttp import HttpVersion11, hdrs, web

from gateway.execution.pipeline import Pipeline
from gateway.http.authentication import Authentication, token_of
from gateway.http.connection import release_websocket
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.limiter import Limiter
from gateway.http.request import Request
from gateway.http.traffic import Traffic
from gateway.transports.websocket.connection import CLOSE_SECONDS, Connection, WebSocketOptions
from gateway.transports.websocket.messages import SUBPROTOCOL, Closing
from gateway.transports.websocket.session import WebSocketSession
from gateway.transports.websocket.wire import Wire
from schema.context import Context


def is_upgrade(head: Head) -> bool:
    """Tell whether a request asks for a WebSocket."""
    return head.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


class WebSocketEndpoint:
    """Answers requests for a WebSocket."""

    def __init__(
        self,
        pipeline: Pipeline,
        context: Context,
        traffic: Traffic,
        limits: WebSocketOptions,
        authentication: Authentication,
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._traffic = traffic
        self._limits = limits
        self._authentication = authentication
        self._limiter = Limiter(limits.connections, "WebSockets")

    async def __call__(self, request: Request) -> web.StreamResponse:
        """Open a WebSocket and serve it until it is closed; raise ``Fault`` for one refused."""
        if token_of(request):
            await self._authentication.admit(request)
        self._limiter.check()
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._limits.heartbeat_seconds,
            autoping=False,  # within the reading, a flood of pings would hold up all others
            protocols=[SUBPROTOCOL],
            compress=False,
            max_msg_size=self._limits.message_bytes,
            decode_text=False,
        )
        if request.version < HttpVersion11 or not socket.can_prepare(request.base):
            raise Fault(
                400,
                "The WebSocket handshake is not complete (RFC 6455, section 4.1). Connect by "
                "HTTP/1.1 with a WebSocket client.",
            )
        request.observation.transport = "websocket"
        try:
            with self._limiter.acquire():
                await self._serve(socket, request)
        finally:
            if request.observation.closed is None:
                request.observation.closed = socket.close_code
            release_websocket(socket, request.connection)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, request: Request) -> None:
        request_id = request.observation.request_id
        socket.headers["X-Request-Id"] = request_id
        await socket.prepare(request.base)
        if socket.ws_protocol is None:
            refusal = Closing(4406, f"Subprotocol not acceptable: use {SUBPROTOCOL}.")
            request.observation.closed = refusal.code
            await socket.close(code=refusal.code, message=refusal.reason.encode())
            return
        wire = Wire(socket, request)
        session = WebSocketSession(self._authentication, token_of(request))
        connection = Connection(
            wire, session, self._pipeline, self._context, limits=self._limits, request_id=request_id
        )
        self._limits.admission.release(request.connection)  # its operations come in one by one
        with self._traffic.calling_on_stop(connection.stop):
            await connection.run(stopping=self._traffic.stopping)
