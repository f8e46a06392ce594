"""What the change log holds, without the hop that every other read takes.

It is read for each GET, and most of those are answered with nothing else. The read takes 5
microseconds and waits for nobody: a connection that would have to wait gives up.
"""

import asyncio
import sqlite3
from pathlib import Path

from gateway.store.sqlite import changes
from gateway.store.sqlite.connection import open_glance
from schema.changes import Span


class Glance:
    """Reads on the loop's own thread, once for all who ask in the same round of the loop.

    Their requests were received before the round began, and so before what it reads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: Span | None = None
        self.reopen()

    def reopen(self) -> None:
        """Open the connection, on the file that is there now; raise ``sqlite3.Error``."""
        self._connection = open_glance(self._path)

    def close(self) -> None:
        """Close the connection; what the log holds cannot be told then."""
        self._connection.close()

    def held(self) -> Span | None:
        """Return what the log holds, or None when that cannot be told right now."""
        if self._held is None:
            try:
                self._held = changes.span(self._connection)
            except sqlite3.Error:
                return None
            asyncio.get_running_loop().call_soon(self._forget)
        return self._held

    def _forget(self) -> None:
        self._held = None
