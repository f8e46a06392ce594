"""The base of streaming responses: their head, and the methods that the server calls."""

from gateway.http.request import Request
from gateway.http.responses import encode_head
from gateway.transports.streams.body import Body

# Proxies must not buffer or compress events.
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


class StreamingResponse:
    """A response whose body is sent in chunks."""

    def __init__(self, content_type: str) -> None:
        self.headers = {"Content-Type": content_type, **HEADERS}
        self.keep_alive = True
        self.status = 200

    def force_close(self) -> None:
        """Close the connection after the response."""
        self.keep_alive = False

    async def prepare(self, request: Request) -> None:
        """Do nothing: ``run`` sends it all."""

    async def write_eof(self) -> None:
        """Do nothing: ``run`` sends it all."""

    def start(self, request: Request, body: Body, first: bytes) -> None:
        """Send the head, and the first chunk of the body."""
        self.keep_alive = body.chunked and self.keep_alive and request.head.keep_alive
        transfer = {"Transfer-Encoding": "chunked"} if body.chunked else {}
        fields = self.headers | transfer
        head = encode_head(self.status, fields, request.head, keep_alive=self.keep_alive)
        body.write(first, head=head + b"\r\n")
