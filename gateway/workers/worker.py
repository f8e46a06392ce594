"""A worker: a process that serves beside others, started and stopped by their supervisor.

    python -m gateway.workers.worker NUMBER FOLDER SOCKET…

with a folder where the workers find each other, the numbers of sockets that it inherits, and on
standard input, each as JSON in a line, its settings and the trusted documents.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket

from uvloop import new_event_loop

from gateway.app import answering, stop_signal
from gateway.documents.trusted import TrustedDocuments
from gateway.logs import Logs, logging_to_stderr
from gateway.settings import Settings
from gateway.store.errors import UnusableDatabaseError
from gateway.telemetry.page import WorkerId
from gateway.workers.process import STOPPING

logger = logging.getLogger("gateway.workers.worker")


def main() -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    number, folder, *files = sys.argv[1:]
    settings = Settings.model_validate_json(sys.stdin.readline())
    trusted = TrustedDocuments(json.loads(sys.stdin.readline()))
    sockets = [socket(fileno=int(file)) for file in files]
    place = WorkerId(int(number), settings.workers, Path(folder))
    supervisor = os.getppid()
    with (
        logging_to_stderr(settings.log_level, settings.log_format, place.number) as logs,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        try:
            runner.run(_work(settings, logs, trusted, sockets, place))
        except UnusableDatabaseError as error:
            logger.critical("%s", error)
            raise SystemExit(1) from None
        finally:
            if os.getppid() != supervisor:  # which would do it
                place.remove_if_last()


async def _work(
    settings: Settings,
    logs: Logs,
    trusted: TrustedDocuments,
    sockets: Sequence[socket],
    place: WorkerId,
) -> None:
    with _stopped_by_signals() as stop:
        _notice_end_of_input(stop)
        async with answering(settings, logs, trusted, sockets, place):
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
