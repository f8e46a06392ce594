"""A WebSocket client that can write any frame, and reads all frames."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from support.hostile.harness import LEAK, Victim
from support.waiting import WITHIN

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
INIT = b'{"type":"connection_init"}'
ACK = b'{"type":"connection_ack"}'
LOST = 1006
"""The code of a close without a frame (RFC 6455, section 7.1.5)."""

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n%b\r\n"
)


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    end: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"\0\0\0\0",
) -> bytes:
    """Return a frame (RFC 6455, section 5.2); a mask of zeros leaves the payload as it is."""
    first = end << 7 | reserved << 4 | opcode
    masked = (mask is not None) << 7
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, masked | length)
    elif length < 65_536:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    return head + (mask or b"") + payload


@dataclass
class RawSocket:
    """A WebSocket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def write(self, *frames: bytes) -> None:
        """Send frames in one write."""
        self.writer.write(b"".join(frames))

    async def read(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame; the end without one is a close."""
        try:
            async with asyncio.timeout(WITHIN):
                first, length = await self.reader.readexactly(2)
                if length == 126:
                    (length,) = struct.unpack("!H", await self.reader.readexactly(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
                payload = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return CLOSE, struct.pack("!H", LOST)
        assert not LEAK.search(payload.decode(errors="replace")), payload[:1_000]
        return first & 15, payload

    async def text(self) -> bytes:
        """Return the next text; answer the pings before it."""
        while (read := await self.read())[0] != TEXT:
            assert read[0] in {PING, PONG}, read
            if read[0] == PING:
                self.write(frame(read[1], PONG))
        return read[1]

    async def wait_closed(self) -> int:
        """Return the code of the close, and discard the frames before it."""
        while (read := await self.read())[0] != CLOSE:
            pass
        return int(struct.unpack("!H", read[1][:2])[0]) if read[1] else 1005


@asynccontextmanager
async def open_socket(
    victim: Victim, headers: bytes = b"", *, init: bool = True
) -> AsyncIterator[RawSocket]:
    """Open a WebSocket and, by default, wait for ``connection_ack``."""
    host, port = victim.address
    reader, writer = await asyncio.open_connection(host, port, limit=2**22)
    try:
        writer.write(HANDSHAKE % (f"{host}:{port}".encode(), headers))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        socket = RawSocket(reader, writer)
        if init:
            socket.write(frame(INIT))
            assert await socket.text() == ACK
        yield socket
    finally:
        writer.transport.abort()


def split(text: bytes, size: int) -> Sequence[bytes]:
    """Return a text in fragments of a size."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return [
        frame(piece, CONTINUATION if number else TEXT, end=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    ]
