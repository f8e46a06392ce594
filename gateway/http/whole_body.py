"""A body that has been received as a whole, as one of aiohttp's streams."""

from aiohttp.streams import EmptyStreamReader


class WholeBody(EmptyStreamReader):
    """A stream at its end whose body has not been read."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body
        self.total_bytes = len(body)

    def read_nowait(self, n: int = -1) -> bytes:  # noqa: ARG002  it is returned as a whole
        """Return the body; later calls return nothing."""
        body, self._body = self._body, b""
        return body

    async def readany(self) -> bytes:
        """Return the body; later calls return nothing."""
        return self.read_nowait()
