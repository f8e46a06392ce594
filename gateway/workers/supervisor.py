"""The process that looks after the workers: it starts them, replaces those that end, stops all."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from time import monotonic

from gateway.app import endpoint, stop_signal
from gateway.documents.manifests import trusted_documents
from gateway.documents.trusted import TrustedDocuments
from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.transports.single_connection.tokens import KEY_BYTES
from gateway.workers.port import SharedPort, shared_port
from gateway.workers.process import WorkerProcess, start

logger = logging.getLogger(__name__)

FAILED_STARTS = 5
"""A worker that ends so often in a row before it answers will not answer the next time either."""

STEADY_SECONDS = 5.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""The next worker waits, ever longer, when the last did not answer for ``STEADY_SECONDS``."""

CLOSING_SECONDS = 5.0
"""How long a worker may take to stop beyond the requests under way."""


class WorkersFailedError(Exception):
    """Workers that could not be started, or would not stop."""


async def supervise(settings: Settings, announce: Callable[[str], None]) -> None:
    """Have several workers serve until SIGINT or SIGTERM, then finish what is under way.

    ``announce`` is called with the URL once all answer. Raises ``UnusableDatabaseError``,
    ``UnusableManifestError``, ``WorkersFailedError``, or ``OSError`` when the address cannot be
    listened on.
    """
    trusted = trusted_documents(settings)
    await asyncio.to_thread(database_of(settings).upgrade)
    stop = stop_signal()
    with (
        TemporaryDirectory(
            prefix="invite-gateway-", ignore_cleanup_errors=True
        ) as folder,  # nobody else can look into
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
    """Keeps workers running on a port; ``all_answer`` is called once they do.

    They find each other in a folder.
    """

    def __init__(
        self,
        settings: Settings,
        trusted: TrustedDocuments,
        folder: Path,
        port: SharedPort,
        all_answer: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._trusted = trusted
        self._folder = folder
        self._port = port
        self._all_answer = all_answer
        self._starting = set(range(1, settings.workers + 1))

    async def run(self, stop: asyncio.Event) -> None:
        """Keep all workers running until ``stop``, then stop them."""
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(self._keep(number)) for number in sorted(self._starting)]
            await stop.wait()
            logger.info("Stopping the workers.")
            for task in keeping:
                task.cancel()

    async def _keep(self, number: int) -> None:
        """Keep a worker running, another for each that ends, until cancelled."""
        failed, pause = 0, 0.0
        while True:
            answered = await self._live(number)
            failed = failed + 1 if answered is None else 0
            if failed == FAILED_STARTS:
                raise WorkersFailedError(
                    f"Worker {number} ended {failed} times in a row before it answered; the log "
                    "says how. All are stopped."
                )
            steady = answered is not None and answered > STEADY_SECONDS
            pause = 0 if steady else min(max(2 * pause, SHORTEST_PAUSE), LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _live(self, number: int) -> float | None:
        """Run a worker until it ends, and return for how many seconds it answered, if it did."""
        try:
            worker = await start(
                number, self._settings, self._trusted, self._folder, self._port.sockets()
            )
        except OSError as error:
            logger.warning("Worker %d cannot be started: %s.", number, error.strerror)
            return None
        try:
            begun = monotonic() if await worker.answers() else None
            if begun is not None:
                self._answers(number, worker)
            logger.warning("Worker %d (%d) ended: %s.", number, worker.id, await worker.ended())
            return None if begun is None else monotonic() - begun
        finally:
            await self._stop(number, worker)

    def _answers(self, number: int, worker: WorkerProcess) -> None:
        logger.info("Worker %d answers, as process %d.", number, worker.id)
        if self._starting == {number}:
            self._all_answer()
        self._starting.discard(number)

    async def _stop(self, number: int, worker: WorkerProcess) -> None:
        settings = self._settings
        seconds = settings.drain_seconds + settings.shutdown_seconds + CLOSING_SECONDS
        if not await worker.stop(seconds):
            raise WorkersFailedError(
                f"Worker {number} did not stop within {seconds:g} seconds, and was killed."
            )
