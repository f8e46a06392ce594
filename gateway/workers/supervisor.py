"""The supervisor: it starts the workers, replaces those that end, and stops all."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from time import monotonic

from gateway.documents.manifests import trusted_documents
from gateway.documents.trusted import TrustedDocuments
from gateway.serving import endpoint, stop_signal
from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.transports.single_connection.tokens import KEY_BYTES
from gateway.workers.port import SharedPort, shared_port
from gateway.workers.process import WorkerProcess, start

logger = logging.getLogger(__name__)

MAX_FAILED_STARTS = 5
"""How often in a row a worker may end before it is ready."""

STEADY_SECONDS = 5.0
MIN_DELAY_SECONDS, MAX_DELAY_SECONDS = 0.1, 5.0
"""The exponential backoff for workers that did not answer for ``STEADY_SECONDS``."""

CLOSE_SECONDS = 5.0
"""How long a worker may take to stop after its requests in progress."""


class WorkersFailedError(Exception):
    """Workers could not be started, or did not stop."""


async def supervise(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run several workers until SIGINT or SIGTERM, and let them finish requests in progress.

    ``announce`` is called with the URL when all are ready. Raises ``UnusableDatabaseError``,
    ``UnusableManifestError``, ``WorkersFailedError``, or ``OSError`` when the address cannot be
    listened on.
    """
    trusted = trusted_documents(settings)
    await asyncio.to_thread(database_of(settings).upgrade)
    stop = stop_signal()
    with (
        TemporaryDirectory(
            prefix="invite-gateway-", ignore_cleanup_errors=True
        ) as folder,  # with mode 0700
        shared_port(settings.host, settings.port, listening=settings.workers) as port,
    ):
        (Path(folder) / "key").write_bytes(token_bytes(KEY_BYTES))
        supervisor = Supervisor(
            settings, trusted, Path(folder), port, lambda: announce(endpoint(port.address))
        )
        try:
            await supervisor.run(stop)
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed


class Supervisor:
    """Keeps workers running on a port; ``on_ready`` is called when all are ready.

    The workers share ``folder``.
    """

    def __init__(
        self,
        settings: Settings,
        trusted: TrustedDocuments,
        folder: Path,
        port: SharedPort,
        on_ready: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._trusted = trusted
        self._folder = folder
        self._port = port
        self._on_ready = on_ready
        self._starting = set(range(1, settings.workers + 1))

    async def run(self, stop: asyncio.Event) -> None:
        """Keep all workers running until ``stop``, then stop them."""
        async with asyncio.TaskGroup() as tasks:
            supervising = [
                tasks.create_task(self._supervise(number)) for number in sorted(self._starting)
            ]
            await stop.wait()
            logger.info("Stopping the workers.")
            for task in supervising:
                task.cancel()

    async def _supervise(self, number: int) -> None:
        """Run a worker, and another for each that ends, until cancelled."""
        failed, delay = 0, 0.0
        while True:
            ready_seconds = await self._run_worker(number)
            failed = failed + 1 if ready_seconds is None else 0
            if failed == MAX_FAILED_STARTS:
                raise WorkersFailedError(
                    f"Worker {number} ended {failed} times in a row before it answered; the log "
                    "says how. All are stopped."
                )
            steady = ready_seconds is not None and ready_seconds > STEADY_SECONDS
            delay = 0 if steady else min(max(2 * delay, MIN_DELAY_SECONDS), MAX_DELAY_SECONDS)
            await asyncio.sleep(delay)

    async def _run_worker(self, number: int) -> float | None:
        """Run a worker until it ends; return for how many seconds it was ready, or None."""
        try:
            worker = await start(
                number, self._settings, self._trusted, self._folder, self._port.sockets()
            )
        except OSError as error:
            logger.warning("Worker %d cannot be started: %s.", number, error.strerror)
            return None
        try:
            ready_at = monotonic() if await worker.wait_until_ready() else None
            if ready_at is not None:
                self._on_worker_ready(number, worker)
            logger.warning("Worker %d (%d) ended: %s.", number, worker.id, await worker.wait())
            return None if ready_at is None else monotonic() - ready_at
        finally:
            await self._stop(number, worker)

    def _on_worker_ready(self, number: int, worker: WorkerProcess) -> None:
        logger.info("Worker %d answers, as process %d.", number, worker.id)
        if self._starting == {number}:
            self._on_ready()
        self._starting.discard(number)

    async def _stop(self, number: int, worker: WorkerProcess) -> None:
        settings = self._settings
        seconds = settings.drain_seconds + settings.shutdown_seconds + CLOSE_SECONDS
        if not await worker.stop(seconds):
            raise WorkersFailedError(
                f"Worker {number} did not stop within {seconds:g} seconds, and was killed."
            )
