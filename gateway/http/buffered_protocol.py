"""A connection that buffers what it receives while it answers a request, and its responses."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from gateway.http.aiohttp_protocol import AiohttpProtocol
from gateway.http.batched_writes import BatchedWrites

if TYPE_CHECKING:
    from asyncio import Handle, Task

MAX_PARSED_BYTES = 16_384
"""How much is parsed in one iteration of the event loop.

Chunks and WebSocket frames can take up to a microsecond for every few bytes.
"""


class BufferedProtocol(AiohttpProtocol):
    """Passes data on to ``receive`` when no task of the fast path runs."""

    __slots__ = ("_buffered", "_is_buffered_data", "_processing", "_task", "_unwritten", "_writes")

    def __init__(
        self,
        manager: web.Server,
        writes: BatchedWrites,
        **options: Any,  # noqa: ANN401  aiohttp's own
    ) -> None:
        super().__init__(manager, **options)
        self._writes = writes
        self._unwritten = b""
        """A response that is written at the end of the event loop's iteration."""
        self._task: Task[Any] | None = None
        """The task that answers a request on the fast path, or waits for the client to read."""
        self._buffered = b""
        """Data received while a request was being answered."""
        self._is_buffered_data = False
        """Whether the data being processed was buffered before."""
        self._processing: Handle | None = None
        """The scheduled call that processes buffered data."""

    def receive(self, data: bytes) -> None:
        """Process data; empty at the end of what the client sends."""
        raise NotImplementedError

    def wait_until_drained(self) -> None:
        """Wait in a task until the client has read most of what was written."""
        raise NotImplementedError

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  as aiohttp's
        """Shut down aiohttp's part, then cancel the task of the fast path."""
        self.write_pending()
        await super().shutdown(timeout)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Process data, or buffer it if a request is being answered on the fast path."""
        self.write_pending()
        if data and (self._task is not None or self._buffered):
            self._buffer(self._buffered + data)
            return
        self.receive(data)

    def write(self, data: bytes) -> None:
        """Write a response, empty if it was streamed; wait if the client does not read."""
        if self.transport is None:
            return
        self.transport.write(data)
        if self.writing_paused:
            self.wait_until_drained()

    def write_batched(self, data: bytes) -> None:
        """Write a response with others of this iteration of the event loop."""
        if not data or self._buffered or self._writes.is_first():
            self.write(data)
        else:
            self._unwritten = data
            self._writes.add(self, len(data))

    def write_pending(self) -> None:
        """Write the response that waits for the end of the iteration, if there is one."""
        if self._unwritten:
            data, self._unwritten = self._unwritten, b""
            self.write(data)

    def limit_size(self, data: bytes) -> bytes:
        """Return the first ``MAX_PARSED_BYTES``; buffer the rest for the loop's next iteration.

        Data can hold tens of thousands of chunks or WebSocket frames.
        """
        if len(data) > MAX_PARSED_BYTES:
            self._buffer(data[MAX_PARSED_BYTES:])
            self._schedule_processing()
        return data[:MAX_PARSED_BYTES]

    def buffer_until_free(self, data: bytes) -> bool:
        """Buffer data that arrives before aiohttp's task waits for the next request.

        On a busy loop the next request often arrives that early. Without the delay of one iteration
        the connection would never return to the fast path. Return whether the data was buffered.
        """
        if (
            self.is_task_ready
            or self.is_answering_parsed
            or self.has_parsed_requests
            or self._is_buffered_data
        ):
            return False
        self._buffered = data
        self._schedule_processing()
        return True

    def _buffer(self, data: bytes) -> None:
        self._buffered = data
        if self.transport is not None:
            self.transport.pause_reading()

    def _schedule_processing(self) -> None:
        if self._processing is None:
            self._processing = self.loop.call_soon(self.process_buffered)

    def process_buffered(self) -> None:
        """Process buffered data, unless reading is paused, and resume reading."""
        self._processing = None
        if (
            not self._buffered
            or self.is_reading_paused
            or self._task is not None
            or self.transport is None
        ):
            return
        held, self._buffered = self._buffered, b""
        self._is_buffered_data = True
        self.receive(held)
        self._is_buffered_data = False
        self.resume_reading_unless_full()

    def resume_transport_reading(self) -> None:
        """Resume reading, after buffered data."""
        if self._buffered:
            self._schedule_processing()
        else:
            super().resume_transport_reading()
