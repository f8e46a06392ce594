"""A body that came with its head, for what reads bodies as aiohttp's streams."""

from aiohttp.streams import EmptyStreamReader


class WholeBody(EmptyStreamReader):
    """A stream at whose end all of the body is still to be read."""

    __slots__ = ("_left",)

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._left = body
        self.total_bytes = len(body)

    def read_nowait(self, n: int = -1) -> bytes:  # noqa: ARG002  it is there as a whole
        """Take the body."""
        body, self._left = self._left, b""
        return body

    async def readany(self) -> bytes:
        """Take the body."""
        return self.read_nowait()
