"""Writing lines to standard error without blocking, even if it is slow, stopped or closed.

A thread writes them, since a write to a full pipe or a stopped terminal blocks. The file is not
made non-blocking, which would affect all processes that share it. Lines that exceed the queue are
dropped, counted, and reported.
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

FLUSH_SECONDS = 0.05
"""How long lines are collected before they are written."""
CLOSE_TIMEOUT_SECONDS = 1.0
"""How long writing the last lines may take."""
MAX_QUEUED = 4_000_000
"""The size of the queue in characters."""
CHUNK_SIZE = 65_536


class LineWriter:
    """Writes lines to the standard error that the process was started with.

    Without one it writes nothing: the file descriptor may be that of another file.
    """

    def __init__(self) -> None:
        self.dropped = 0
        """How many lines exceeded the queue, or could not be written."""
        self._reported = 0
        self._queue: deque[str] = deque()
        self._size = 0  # not exact if several threads write: it is reset by each flush
        self._is_awake = False
        self._wake, self._closing = Event(), Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._file = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else None
        is_pipe = self._file is not None and stat.S_ISFIFO(os.fstat(self._file).st_mode)
        # Writes of several processes to a pipe are atomic up to this size.
        self._chunk_size = select.PIPE_BUF if is_pipe else CHUNK_SIZE
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Write the queue, if that does not take long, and stop the thread."""
        self._closing.set()
        self._wake.set()
        self._thread.join(CLOSE_TIMEOUT_SECONDS)
        if self._file is not None and not self._thread.is_alive():
            os.close(self._file)

    def write(self, line: str) -> None:
        """Queue a line, which includes its line end."""
        if self._size > MAX_QUEUED:
            self.dropped += 1
            return
        self._size += len(line)
        self._queue.append(line)
        if not self._is_awake:
            self._is_awake = True
            self._wake.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            self._closing.wait(FLUSH_SECONDS)
            self._flush()
            if self.dropped > self._reported:
                count, self._reported = self.dropped - self._reported, self.dropped
                logger.warning("%d lines of the log were dropped: it is read too slowly.", count)
        self._flush()

    def _flush(self) -> None:
        self._is_awake = False
        lines = [self._queue.popleft() for _ in range(len(self._queue))]
        self._size = 0
        for chunk in _chunks(lines, self._chunk_size):
            try:
                self._write_out(chunk)
            except OSError:
                self.dropped += chunk.count(b"\n")

    def _write_out(self, chunk: bytes) -> None:
        while self._file is not None and chunk:
            with suppress(BlockingIOError):  # another process made it non-blocking
                chunk = chunk[os.write(self._file, chunk) :]
                continue
            select.select([], [self._file], [])


def _chunks(lines: Sequence[str], max_size: int) -> Iterator[bytes]:
    """Join lines to chunks of at most ``max_size`` characters, or of one longer line."""
    first = size = 0
    for number, line in enumerate(lines):
        if size + len(line) > max_size and number > first:
            yield "".join(lines[first:number]).encode(errors="backslashreplace")
            first, size = number, 0
        size += len(line)
    if lines:
        yield "".join(lines[first:]).encode(errors="backslashreplace")
