"""A worker: a process that serves beside others, started and stopped by their supervisor.

    python -m gateway.workers.worker NUMBER SOCKET…

with the numbers of sockets that it inherits, and on standard input, each as JSON in a line, its
settings and the trusted documents.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from socket import socket

from uvloop import new_event_loop

from gateway.app import answering, stop_signal
from gateway.logs import configure_logs
from gateway.settings import Settings
from gateway.store.errors import UnusableDatabaseError
from gateway.trusted.documents import TrustedDocuments
from gateway.workers.process import STOPPING

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    number, *files = sys.argv[1:]
    settings = Settings.model_validate_json(sys.stdin.readline())
    trusted = TrustedDocuments(json.loads(sys.stdin.readline()))
    configure_logs(settings.log_level, f"worker {number} ({os.getpid()})")
    sockets = [socket(fileno=int(file)) for file in files]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        try:
            runner.run(_work(settings, trusted, sockets))
        except UnusableDatabaseError as error:
            logger.critical("%s", error)
            raise SystemExit(1) from None


async def _work(settings: Settings, trusted: TrustedDocuments, sockets: Sequence[socket]) -> None:
    with _stopped_by_signals() as stop:
        _notice_end_of_input(stop)
        async with answering(settings, trusted, sockets):
            with suppress(BrokenPipeError):
                print("answering", flush=True)  # noqa: T201  the supervisor waits for it
            await stop.wait()


@contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """Let signals come, which are held back before and after: there, they would end it abruptly."""
    stop = stop_signal()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    try:
        yield stop
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


def _notice_end_of_input(stop: asyncio.Event) -> None:
    loop, file = asyncio.get_running_loop(), sys.stdin.fileno()

    def noticed() -> None:
        loop.remove_reader(file)
        logger.warning("The supervisor is gone: stopping.")
        stop.set()

    loop.add_reader(file, noticed)


if __name__ == "__main__":
    main()
