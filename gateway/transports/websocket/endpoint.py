"""The handshake of WebSockets, and the limit on how many are open."""

from aiohttp import HttpVersion11, hdrs, web

from gateway.execution.pipeline import Pipeline
from gateway.http.aiohttp_protocol import release_websocket
from gateway.http.authentication import Authentication, token_of
from gateway.http.faults import Fault
from gateway.http.head import Head
from gateway.http.limiter import Limiter
from gateway.http.request import Request
from gateway.http.traffic import Traffic
from gateway.transports.websocket.connection import (
    CLOSE_SECONDS,
    WebSocketConnection,
    WebSocketOptions,
)
from gateway.transports.websocket.messages import SUBPROTOCOL, ConnectionClose
from gateway.transports.websocket.session import WebSocketSession
from gateway.transports.websocket.writer import FrameWriter
from schema.context import Context


def is_upgrade(head: Head) -> bool:
    """Return whether a request asks for an upgrade to WebSocket."""
    return head.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


class WebSocketEndpoint:
    """Accepts WebSockets."""

    def __init__(
        self,
        pipeline: Pipeline,
        context: Context,
        traffic: Traffic,
        options: WebSocketOptions,
        authentication: Authentication,
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._traffic = traffic
        self._options = options
        self._authentication = authentication
        self._limiter = Limiter(options.max_connections, "WebSockets")

    async def __call__(self, request: Request) -> web.StreamResponse:
        """Accept a WebSocket and serve it until it is closed; raise ``Fault`` to refuse it."""
        if token_of(request):
            await self._authentication.authenticate(request)
        self._limiter.check()
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS,
            heartbeat=self._options.heartbeat_seconds,
            autoping=False,  # aiohttp would answer a flood of pings in one piece
            protocols=[SUBPROTOCOL],
            compress=False,
            max_msg_size=self._options.max_message_bytes,
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
            refusal = ConnectionClose(4406, f"Subprotocol not acceptable: use {SUBPROTOCOL}.")
            request.observation.closed = refusal.code
            await socket.close(code=refusal.code, message=refusal.reason.encode())
            return
        writer = FrameWriter(socket, request)
        session = WebSocketSession(self._authentication, token_of(request))
        connection = WebSocketConnection(
            writer,
            session,
            self._pipeline,
            self._context,
            options=self._options,
            request_id=request_id,
        )
        self._options.admission.release(request.connection)  # each operation is admitted by itself
        with self._traffic.calling_on_stop(connection.stop):
            await connection.run(stopping=self._traffic.stopping)
