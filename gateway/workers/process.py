"""A worker process as its supervisor sees it.

Its standard input has the settings and the trusted documents, and is closed only by the end of the
supervisor. The worker writes one line to its standard output when it is ready.
"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import cast

from gateway.documents.trusted import TrustedDocuments
from gateway.settings import Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WorkerProcess:
    """A worker that was started."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._output = cast("asyncio.StreamReader", process.stdout)
        self.id = process.pid

    async def wait_until_ready(self) -> bool:
        """Wait until it answers requests; return False if it ended before."""
        return bool(await self._output.readline())

    async def wait(self) -> str:
        """Wait until it ends; return its exit status or signal as text."""
        status = await self._process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    async def stop(self, seconds: float) -> bool:
        """Terminate it; kill it and return False if it does not end in time."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            return False
        return True


async def start(
    number: int,
    settings: Settings,
    trusted: TrustedDocuments,
    folder: Path,
    sockets: Sequence[socket],
) -> WorkerProcess:
    """Start a worker that listens on ``sockets``, which are closed here.

    ``folder`` is the one that all workers share. Raises ``OSError`` if the system cannot start a
    process.
    """
    files = [each.fileno() for each in sockets]
    worker = ("gateway.workers.worker", str(number), str(folder), *map(str, files))
    try:
        with _stop_signals_blocked():
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", *worker, stdin=PIPE, stdout=PIPE, pass_fds=files
            )
    finally:
        for each in sockets:
            each.close()
    given = f"{settings.model_dump_json()}\n{json.dumps(trusted.documents)}\n"
    cast("asyncio.StreamWriter", process.stdin).write(given.encode())
    return WorkerProcess(process)


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Block stop signals in a process that is started inside the block, until it unblocks them.

    Ctrl-C sends a signal to all processes of a terminal, also to one without a handler yet.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
