"""Lines on their way to standard error, which may be slow, stuck or closed: nobody waits for it.

A thread writes them, since a write to a pipe that is full, or to a terminal that was stopped, takes
as long as the reader likes; to make the file non-blocking would make it so for every process that
has it. What is too much for the thread is dropped, counted and told of.
"""

import logging
import os
import select
import stat
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Self

logger = logging.getLogger(__name__)

WRITTEN_EVERY = 0.05
"""In seconds: how long a line may wait for others to go with it."""
CLOSED_WITHIN = 1.0
"""In seconds: how long the last lines may take."""
MOST_WAITING = 4_000_000
"""In characters: how much may wait to be written."""
PIECE = 65_536


class LineWriter:
    """Writes lines to the standard error that the process was started with.

    A process that has none writes nothing: another file may have got its number since.
    """

    def __init__(self) -> None:
        self.dropped = 0
        """How many lines were too much, or could not be written."""
        self._told = 0
        self._waiting: deque[str] = deque()
        self._size = 0  # roughly, when several threads write: it starts anew with each round
        self._awake = False
        self._wake, self._closing = Event(), Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> Self:
        """Begin to write."""
        self._file = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else None
        is_pipe = self._file is not None and stat.S_ISFIFO(os.fstat(self._file).st_mode)
        # Of what several processes write to one pipe, no piece comes amidst another if it is short.
        self._piece = select.PIPE_BUF if is_pipe else PIECE
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Write what waits, if that does not take long."""
        self._closing.set()
        self._wake.set()
        self._thread.join(CLOSED_WITHIN)
        if self._file is not None and not self._thread.is_alive():
            os.close(self._file)

    def write(self, line: str) -> None:
        """Have a line written soon, which brings its line end along."""
        if self._size > MOST_WAITING:
            self.dropped += 1
            return
        self._size += len(line)
        self._waiting.append(line)
        if not self._awake:
            self._awake = True
            self._wake.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            self._closing.wait(WRITTEN_EVERY)
            self._write_waiting()
            if self.dropped > self._told:
                count, self._told = self.dropped - self._told, self.dropped
                logger.warning("%d lines of the log were dropped: it is read too slowly.", count)
        self._write_waiting()

    def _write_waiting(self) -> None:
        self._awake = False
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._size = 0
        for piece in _pieces(lines, self._piece):
            try:
                self._write_out(piece)
            except OSError:
                self.dropped += piece.count(b"\n")

    def _write_out(self, piece: bytes) -> None:
        while self._file is not None and piece:
            with suppress(BlockingIOError):  # somebody else made it so
                piece = piece[os.write(self._file, piece) :]
                continue
            select.select([], [self._file], [])


def _pieces(lines: Sequence[str], most: int) -> Iterator[bytes]:
    """Join lines to pieces of at most ``most`` characters, unless a line is longer by itself."""
    first = size = 0
    for number, line in enumerate(lines):
        if size + len(line) > most and number > first:
            yield "".join(lines[first:number]).encode(errors="backslashreplace")
            first, size = number, 0
        size += len(line)
    if lines:
        yield "".join(lines[first:]).encode(errors="backslashreplace")
