"""Reporting the position of subscriptions of which few changes are sent.

A filter may match nothing for days. A client that resumes after its last event would have the log
read again from there, or find that it was pruned. So a ping from time to time has the position in
its payload: a client resumes after an event's cursor or this, whichever it received last.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from gateway.execution.subscription import Subscription
from gateway.transports.websocket import messages
from gateway.transports.websocket.writer import FrameWriter
from schema.paging import Position

Running = Callable[[], Iterable[tuple[str, Subscription]]]


class ProgressReporter:
    """Reports positions to one client; ``running`` returns its subscriptions with their ids."""

    def __init__(self, writer: FrameWriter, running: Running) -> None:
        self._writer = writer
        self._running = running
        self._reported: dict[Position, list[str]] = {}

    @contextmanager
    def reporting(self, seconds: float) -> Iterator[None]:
        """Report at intervals of ``seconds`` inside the block."""
        self._schedule(seconds)
        try:
            yield
        finally:
            self._timer.cancel()

    def _schedule(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._report, seconds)

    def _report(self, seconds: float) -> None:
        if not self._writer.writing_paused:
            with suppress(ConnectionError):  # handled by the reader of the connection
                self._report_changes()
        self._schedule(seconds)

    def _report_changes(self) -> None:
        found = defaultdict[Position, list[str]](list)
        for id_, subscription in self._running():
            if position := subscription.position:
                found[position].append(id_)
        for position, ids in found.items():
            if self._reported.get(position) != ids:
                self._writer.send(messages.ping(position, ids))
        self._reported = dict(found)
