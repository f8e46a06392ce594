"""Responses of one iteration of the event loop, written together at its end.

Writing to a socket wakes up the process that waits for the response, which takes more CPU time
than all else that is done for the write. A client or a proxy that has just been woken up by one
response finds those that follow without being woken up again.

These are the responses to requests that are answered as they are read. Those that waited for a
database are ready together anyway, and the sooner they are written, the more requests will wait
together for the next statement.
"""

import asyncio
from typing import Protocol

MAX_RESPONSES = 16
"""How many responses wait for the end of the iteration at once."""
MAX_BYTES = 262_144
"""How many bytes they have together, at most and the last one apart."""


class PendingWrite(Protocol):
    """A connection with a response that has not been written."""

    def write_pending(self) -> None:
        """Write the response."""


class BatchedWrites:
    """The responses that wait for the end of the iteration.

    The first one of an iteration is written at once: a single client does not wait, and one of
    several has something to do meanwhile.
    """

    def __init__(self) -> None:
        self._pending: list[PendingWrite] = []
        self._bytes = 0
        self._has_begun = False
        """Whether a response was written in this iteration."""

    def is_first(self) -> bool:
        """Return whether no response was written in this iteration, and count one."""
        if self._has_begun:
            return False
        self._has_begun = True
        asyncio.get_running_loop().call_soon(self._end)
        return True

    def add(self, connection: PendingWrite, size: int) -> None:
        """Add a connection with a response of this size, in bytes."""
        self._pending.append(connection)
        self._bytes += size
        if len(self._pending) >= MAX_RESPONSES or self._bytes >= MAX_BYTES:
            self._write()

    def _end(self) -> None:
        self._has_begun = False
        self._write()

    def _write(self) -> None:
        pending, self._pending, self._bytes = self._pending, [], 0
        for connection in pending:
            connection.write_pending()
