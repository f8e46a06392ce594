"""A worker, as its supervisor sees it: started, answering, ended, stopped.

Its standard input holds the settings and the trusted documents, and stays open: when it ends, the
supervisor is gone. Its standard output says one line, once it answers.
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

STOPPING = (signal.SIGINT, signal.SIGTERM)


class WorkerProcess:
    """A worker that was started."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._output = cast("asyncio.StreamReader", process.stdout)
        self.id = process.pid

    async def answers(self) -> bool:
        """Wait until it answers requests, and tell whether it came to that."""
        return bool(await self._output.readline())

    async def ended(self) -> str:
        """Wait until it ends, and say how."""
        status = await self._process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    async def stop(self, seconds: float) -> bool:
        """Have it stop, or else kill it; tell whether it stopped by itself."""
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
    """Start a worker that is to listen on ``sockets``, which are its own from then on.

    It finds the others in ``folder``.

    Raises ``OSError`` when the system cannot start a process.
    """
    files = [each.fileno() for each in sockets]
    worker = ("gateway.workers.worker", str(number), str(folder), *map(str, files))
    try:
        with _signals_held_back():
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
def _signals_held_back() -> Iterator[None]:
    """Start a process with signals to stop held back, until it lets them come.

    A Ctrl-C goes to all processes of a terminal, and may meet one before it knows what to do.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
