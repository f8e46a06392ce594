"""Metrics of the store."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.store.interface import Store
from gateway.telemetry.families import counter, gauge, histogram


class StoreMetrics(Collector):
    """Reads the statistics of the store, and the bounds of its change log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Read the store's counts."""
        yield gauge(
            "store_waiting",
            "Queued reads and writes, which wait for a connection.",
            ("kind",),
            {(kind,): worker.waiting for kind, worker in self._store.workers.items()},
        )
        yield histogram(
            "store_batch_size",
            (
                "The number of reads or writes in each batch, which runs in one thread call or "
                "transaction."
            ),
            ("kind",),
            (((kind,), worker.sizes) for kind, worker in self._store.workers.items()),
        )
        yield histogram(
            "store_duration_seconds",
            "The duration of each batch; for writes, until they are on disk.",
            ("kind",),
            (((kind,), worker.seconds) for kind, worker in self._store.workers.items()),
        )
        yield counter(
            "store_loop_reads",
            "Short reads on the event loop's own thread: operations by id, pages, positions.",
            (),
            {(): self._store.loop_reads},
        )
        yield counter(
            "database_reads",
            "Reads from PostgreSQL by the role of the server, primary or standby.",
            ("role",),
            {(role,): number for role, number in self._store.reads_by_role.items()},
        )
        yield from self._standbys()
        yield from self._change_log()

    def _standbys(self) -> Iterator[Metric]:
        standbys = self._store.standbys
        yield gauge(
            "standby_lag_seconds",
            "How far a standby is behind the primary.",
            ("standby",),
            {(standby.name,): standby.lag for standby in standbys},
        )
        yield gauge(
            "standby_usable",
            "1 if a standby is read from, 0 if it is unavailable or too far behind.",
            ("standby",),
            {(standby.name,): standby.is_usable for standby in standbys},
        )
        yield gauge(
            "standby_position",
            "The number of the newest change that a standby was seen to have.",
            ("standby",),
            {(each.name,): each.position.number for each in standbys if each.position},
        )
        yield gauge(
            "standby_waiting",
            "Queued reads of a standby, which wait for a connection.",
            ("standby",),
            {(standby.name,): standby.reads.waiting for standby in standbys},
        )
        yield histogram(
            "standby_duration_seconds",
            "The duration of each batch of reads from a standby.",
            ("standby",),
            (((standby.name,), standby.reads.seconds) for standby in standbys),
        )

    def _change_log(self) -> Iterator[Metric]:
        held = self._store.log.known_bounds()
        if held is None:
            return
        yield gauge(
            "change_log_position",
            "The number of the newest change.",
            (),
            {(): held.newest},
        )
        yield gauge(
            "change_log_changes",
            "The number of changes in the log.",
            (),
            {(): held.newest - held.pruned},
        )
        yield gauge(
            "change_log_bytes",
            "The size of the documents in the log, if it is limited; 0 otherwise.",
            (),
            {(): self._store.log.sizes.total},
        )
