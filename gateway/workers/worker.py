"""A worker process, started and stopped by the supervisor.

    python -m gateway.workers.worker NUMBER FOLDER SOCKET…

with the folder that all workers share, the file descriptors of inherited sockets, and on standard
input the settings and the trusted documents, each as JSON in one line.
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

from gateway.documents.trusted import TrustedDocuments
from gateway.logs import Logs, logging_to_stderr
from gateway.serving import answering, stop_signal
from gateway.settings import Settings
from gateway.store.errors import UnusableDatabaseError
from gateway.telemetry.page import WorkerId
from gateway.workers.process import STOP_SIGNALS

logger = logging.getLogger("gateway.workers.worker")


def main() -> None:
    """Serve until a stop signal, or until the supervisor ends."""
    number, folder, *files = sys.argv[1:]
    settings = Settings.model_validate_json(sys.stdin.readline())
    trusted = TrustedDocuments(json.loads(sys.stdin.readline()))
    sockets = [socket(fileno=int(file)) for file in files]
    worker = WorkerId(int(number), settings.workers, Path(folder))
    supervisor = os.getppid()
    with (
        logging_to_stderr(settings.log_level, settings.log_format, worker.number) as logs,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        try:
            runner.run(_work(settings, logs, trusted, sockets, worker))
        except UnusableDatabaseError as error:
            logger.critical("%s", error)
            raise SystemExit(1) from None
        finally:
            if os.getppid() != supervisor:  # otherwise the supervisor removes it
                worker.remove_if_last()


async def _work(
    settings: Settings,
    logs: Logs,
    trusted: TrustedDocuments,
    sockets: Sequence[socket],
    worker: WorkerId,
) -> None:
    with _stop_signals_unblocked() as stop:
        _stop_at_end_of_input(stop)
        async with answering(settings, logs, trusted, sockets, worker):
            with suppress(BrokenPipeError):
                print("answering", flush=True)  # noqa: T201  for the supervisor
            await stop.wait()


@contextmanager
def _stop_signals_unblocked() -> Iterator[asyncio.Event]:
    """Unblock stop signals inside the block; outside of it they would kill the process."""
    stop = stop_signal()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    try:
        yield stop
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    loop, file = asyncio.get_running_loop(), sys.stdin.fileno()

    def on_end_of_input() -> None:
        loop.remove_reader(file)
        logger.warning("The supervisor is gone: stopping.")
        stop.set()

    loop.add_reader(file, on_end_of_input)


if __name__ == "__main__":
    main()
