"""A client's connection: aiohttp's protocol, with two things it has not.

A request that there is no time for is refused when its bytes come, for a small part of what
answering takes: parsed and refused later, it would take most of it. And it is known which
connections keep the gateway waiting, and since when.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import time
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.http import RawRequestMessage

from gateway.http.faults import Fault
from gateway.http.gate import Gate, overloaded
from gateway.http.heads import END, Head, read_head
from gateway.http.repeating import RepeatingProtocol
from gateway.http.responses import written
from gateway.http.waiting import Waiting

GATED_PATH = "/graphql"
"""Where requests pass the gate; at other paths they are answered whatever else there is to do."""
_GATED = GATED_PATH.encode()


@dataclass(frozen=True)
class Capacity:
    """What is taken on: how much at once, and how long a client may keep the gateway waiting."""

    gate: Gate
    body_bytes: int
    connections: int
    idle_seconds: float
    transfer_seconds: float


class Lounge:
    """The connections that keep the gateway waiting."""

    def __init__(self) -> None:
        self.idle: Waiting[Connection] = Waiting()
        """Those between two requests."""
        self.arriving: Waiting[Connection] = Waiting()
        """Those whose request has not come as a whole yet, and those whose first has not begun."""

    def longest(self, *, but: "Connection") -> "Connection | None":
        """Return the connection that waits the longest, if there is one but this."""
        firsts = [first for first in (self.idle.first, self.arriving.first) if first]
        one = min(firsts, default=None, key=lambda first: first[0])
        return None if one is None or one[1] is but else one[1]


class Connection(RepeatingProtocol):
    """Reads requests, or refuses them."""

    __slots__ = (
        "_body",
        "_closing",
        "_head",
        "_in_step",
        "_lounge",
        "_owed",
        "_queue",
        "_refusing",
        "capacity",
        "is_spare",
    )

    def __init__(
        self,
        manager: web.Server,
        capacity: Capacity,
        lounge: Lounge,
        **options: Any,  # noqa: ANN401  aiohttp's own
    ) -> None:
        super().__init__(manager, **options)
        self.capacity = capacity
        self.is_spare = False
        """Whether there is one more than are kept: it is only told how the gateway does."""
        self._closing: asyncio.Transport | None = None
        """What is still to be taken in by the client before it is closed."""
        self._lounge = lounge
        self._queue: Waiting[Connection] | None = None
        self._body: StreamReader | None = None
        """The last body, while more is to come of it, if that is not known by its length."""
        self._in_step = True
        """Whether it is known to the byte where each request ends."""
        self._head: Head | None = None
        """Of a request that is there as a whole, and alone, when nobody has parsed one like it."""
        self._owed = 0
        """How many bytes are still to come of the last request."""
        self._refusing = False
        """Whether these are of one that was refused."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._wait(self._lounge.arriving)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more; a request under way goes on."""
        super().connection_lost(exc)
        self._closing = None
        self._wait(None)
        if self._current_request is None:
            self.capacity.gate.leaves(self)

    def rests(self) -> None:
        """Wait for the next request, if it is not there already."""
        self.capacity.gate.leaves(self)  # in case it was answered before it came to be work
        if self.transport is not None:
            self._wait(None if self._messages else self._lounge.idle)

    def data_received(self, data: bytes) -> None:
        """Read on, answer, or refuse."""
        if data and (self.holds_back(data) or (self._in_step and not (data := self._follow(data)))):
            return
        super().data_received(data if self._in_step else self.holds_rest(data))
        if self._head is not None:
            self._remember(self._head)
        if self._upgraded:
            self._wait(None)  # a WebSocket looks after itself
        else:
            self._look()

    def let_go(self, last: bytes = b"") -> None:
        """Close it with a last word, or end it, when its client takes in nothing."""
        transport = self.transport
        if transport is None or transport.get_write_buffer_size():
            self.abort()
            return
        if last:
            transport.write(last)
        self.force_close()

    def _process_keepalive(self) -> None:
        """Do nothing: those that are idle are parted with elsewhere."""

    def force_close(self) -> None:
        """Close it as soon as its client has taken in the last answer, and wait for that."""
        if self.transport is not None:
            self._closing = self.transport
            self._wait(self._lounge.idle)
        super().force_close()

    def abort(self) -> None:
        """End it at once, whatever is under way."""
        transport = self.transport or self._closing
        if transport is not None:
            transport.abort()

    def cut(self) -> None:
        """Close it, as its request takes too long to arrive."""
        request = self._current_request
        is_read = self._waiter is None if request is None else request.writer.output_size > 0
        answered = is_read or self._refusing
        self.let_go(b"" if answered else _too_slow(self.capacity.transfer_seconds))

    async def drained(self) -> None:
        """Wait until the client has taken in most of its answer, or let go of it."""
        try:
            async with asyncio.timeout(self.capacity.transfer_seconds):
                await self._drain_helper()
        except TimeoutError:
            self.abort()
            raise ConnectionResetError("The client takes in nothing.") from None

    @contextmanager
    def awaiting_body(self) -> Iterator[None]:
        """Leave the gate while a body arrives, as that is no work; raise ``Fault`` if it is shut.

        Else a few clients that send slowly would keep all others out.
        """
        gate = self.capacity.gate
        gate.leaves(self)
        yield
        if not gate.admits(self):
            raise overloaded()

    def _follow(self, data: bytes) -> bytes:
        """Keep in step with the requests; return what is to be parsed of the bytes that came."""
        if self._owed:
            return self._go_on(data)
        end = data.find(END) + len(END)
        head = read_head(data[:end]) if end >= len(END) else None
        self._owed = end + head.body_bytes - len(data) if head else -1
        if head is None or self._owed < 0:
            self._in_step = False
            return data
        if not self.is_free:
            return b"" if not self._owed and self.holds_for_a_turn(data) else data
        if head.path == _GATED and head.plain:
            gate = self.capacity.gate
            if gate.turns_away(self) if self._owed else not gate.admits(self):
                self._refuse()
                return b""
        if self._owed or not self._begin(head, data[end:]):
            return data
        return b""

    def _begin(self, head: Head, body: bytes) -> bool:
        """Answer a request that is there as a whole, if one like it was parsed."""
        if head.message is None:
            self._head = head
            return False
        self._wait(None)
        self.repeats(head.message, body)
        return True

    def _remember(self, head: Head) -> None:
        """Take note of what became of a head, for the next request that begins with it."""
        self._head = None
        if len(self._messages) == 1 and isinstance(self._messages[0][0], RawRequestMessage):
            head.message = self._messages[0][0]

    def _go_on(self, data: bytes) -> bytes:
        rest = data[self._owed :]
        self._owed = max(self._owed - len(data), 0)
        if not self._refusing:
            self._in_step = not rest
            return data
        if self._owed:
            return b""
        self._refusing = False
        self.rests()
        return self._follow(rest) if rest else b""

    def _refuse(self) -> None:
        if self.transport is not None:
            self.transport.write(_refusal(int(time())))
        self._refusing = self._owed > 0
        self._wait(self._lounge.arriving if self._owed else self._lounge.idle)

    def _look(self) -> None:
        """See whether all of a request has come."""
        if self._owed if self._in_step else self._is_partial():
            if self._queue is not self._lounge.arriving:
                self._wait(self._lounge.arriving)
        elif self._messages or self._request_in_progress:
            self._wait(None)
        else:
            self.rests()

    def _is_partial(self) -> bool:
        """Tell whether more has to come of a request, of one that is not followed by its length."""
        if self._messages:
            body = self._messages[-1][1]
        elif self._body is not None:
            body = self._body
        else:
            return not self._request_in_progress  # a head has begun
        self._body = None if body.is_eof() else body
        return self._body is not None

    def _wait(self, queue: Waiting["Connection"] | None) -> None:
        if self._queue is not None and self._queue is not queue:
            self._queue.ends(self)
        self._queue = queue
        if queue is not None:
            queue.begins(self)


@lru_cache(1)
def _refusal(second: int) -> bytes:  # noqa: ARG001  the Date in it is of a second
    return written(overloaded().response(), keep_alive=True)


def _too_slow(seconds: float) -> bytes:
    fault = Fault(408, f"The request did not arrive within {seconds:g} seconds. Send it at once.")
    return written(fault.response(), keep_alive=False)
