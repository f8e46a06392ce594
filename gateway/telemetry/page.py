"""The metrics page, of this process or of all workers.

A scrape reaches any one of the workers. That one fetches the metrics of the others, from sockets in
the folder of the workers, and adds a label with the number of the worker. They are not summed:
when a worker is replaced its counters start at 0, which Prometheus detects in a series, but not in
a sum.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from gateway.telemetry.families import gauge

FETCH_TIMEOUT_SECONDS = 1.0
"""How long a worker may take to send its metrics."""


@dataclass(frozen=True)
class WorkerId:
    """The number of a worker, and the folder that all workers share."""

    number: int
    workers: int
    folder: Path

    def socket(self, number: int) -> Path:
        """Return the path of the socket on which a worker sends its metrics."""
        return self.folder / str(number)

    def remove_if_last(self) -> None:
        """Remove the folder, unless other workers use it."""
        if not any(self.socket(number).exists() for number in range(1, self.workers + 1)):
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def key(self) -> Path:
        """The file of the key that all workers share."""
        return self.folder / "key"

    @property
    def streams(self) -> Path:
        """The folder of the registry of open streams."""
        return self.folder / "streams"

    @property
    def documents(self) -> Path:
        """The folder of automatically persisted documents."""
        return self.folder / "documents"


class _Family(msgspec.Struct):
    """A metric as workers send it to each other."""

    name: str
    help: str
    type: str
    samples: list[tuple[str, dict[str, str], float]]


class Metrics:
    """The metrics of this process and, if it is a worker, of the others."""

    def __init__(self, worker: WorkerId | None = None) -> None:
        self._registry = CollectorRegistry()
        self._worker = worker
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=self._registry)

    def add(self, *collectors: Collector) -> None:
        """Register collectors."""
        for collector in collectors:
            self._registry.register(collector)

    async def page(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        if self._worker is None:
            return await _render(self._registry.collect())
        others = [n for n in range(1, self._worker.workers + 1) if n != self._worker.number]
        fetched = await asyncio.gather(*(_fetch(self._worker.socket(number)) for number in others))
        by_worker = dict(zip(others, fetched, strict=True)) | {
            self._worker.number: self._families()
        }
        return await _render(_merged(dict(sorted(by_worker.items()))))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Send metrics to the other workers, if there are any, inside the block."""
        if self._worker is None:
            yield
            return
        path = self._worker.socket(self._worker.number)
        path.unlink(missing_ok=True)  # of the worker that this one replaces
        async with await asyncio.start_unix_server(self._send, path):
            yield
        path.unlink(missing_ok=True)

    async def _send(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.msgpack.encode(self._families()))
        writer.close()

    def _families(self) -> list[_Family]:
        return [
            _Family(
                metric.name,
                metric.documentation,
                metric.type,
                [(sample.name, sample.labels, sample.value) for sample in metric.samples],
            )
            for metric in self._registry.collect()
        ]


async def _fetch(socket: Path) -> list[_Family] | None:
    """Return the metrics of a worker, or None if it does not answer."""
    try:
        async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return msgspec.msgpack.decode(await reader.read(), type=list[_Family])
            finally:
                writer.close()
    except (OSError, TimeoutError, msgspec.DecodeError):
        return None


class _Collected(Collector):
    """A collector of given metrics."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._metrics


async def _render(metrics: Iterable[Metric]) -> bytes:
    """Encode metrics in a thread: thousands of lines would block the loop for too long."""
    return await asyncio.to_thread(generate_latest, _Collected(metrics))


def _merged(by_worker: Mapping[int, list[_Family] | None]) -> Iterator[Metric]:
    """Merge the metrics of all workers, those with one name into one family."""
    yield gauge(
        "worker_up",
        "1 if a worker answers the other workers, 0 if it does not.",
        ("worker",),
        {(str(number),): float(families is not None) for number, families in by_worker.items()},
    )
    yield from _labelled((number, families or ()) for number, families in by_worker.items())


def _labelled(by_worker: Iterable[tuple[int, Iterable[_Family]]]) -> Iterable[Metric]:
    metrics: dict[str, Metric] = {}
    for number, families in by_worker:
        for family in families:
            metric = metrics.setdefault(family.name, Metric(family.name, family.help, family.type))
            for name, labels, value in family.samples:
                metric.samples.append(Sample(name, labels | {"worker": str(number)}, value))
    return metrics.values()
