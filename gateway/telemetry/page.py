"""The page of all metrics: of this process alone, or of all workers.

A scrape reaches any one of the workers. That one asks the others, each at a socket in a folder
that is theirs alone, and shows the metrics of all of them, with a label that says whose they are.
They are not added up: when a worker is replaced its counters begin anew, which Prometheus sees in
its own series, but would take for a jump in a sum.
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

ASKED_FOR = 1.0
"""In seconds: how long a worker may take to tell of itself."""


@dataclass(frozen=True)
class WorkerId:
    """A worker's place among all of them: its number, and where they find each other."""

    number: int
    workers: int
    folder: Path

    def socket(self, number: int) -> Path:
        """Return where a worker is asked."""
        return self.folder / str(number)

    def remove_if_last(self) -> None:
        """Remove the folder, unless there are other workers."""
        if not any(self.socket(number).exists() for number in range(1, self.workers + 1)):
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def key(self) -> Path:
        """The file of a secret that all workers have."""
        return self.folder / "key"

    @property
    def streams(self) -> Path:
        """The folder in which the workers tell who has which stream."""
        return self.folder / "streams"

    @property
    def documents(self) -> Path:
        """The folder of the documents that clients gave with their hash."""
        return self.folder / "documents"


class _Family(msgspec.Struct):
    """A metric as it goes from one worker to another."""

    name: str
    help: str
    type: str
    samples: list[tuple[str, dict[str, str], float]]


class Metrics:
    """The metrics of this process and, if it has a place among others, of those."""

    def __init__(self, place: WorkerId | None = None) -> None:
        self._registry = CollectorRegistry()
        self._place = place
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=self._registry)

    def add(self, *collectors: Collector) -> None:
        """Show more."""
        for collector in collectors:
            self._registry.register(collector)

    async def page(self) -> bytes:
        """Write all of them down in the text format."""
        if self._place is None:
            return await _written(self._registry.collect())
        others = [n for n in range(1, self._place.workers + 1) if n != self._place.number]
        asked = await asyncio.gather(*(_ask(self._place.socket(number)) for number in others))
        told = dict(zip(others, asked, strict=True)) | {self._place.number: self._families()}
        return await _written(_together(dict(sorted(told.items()))))

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Tell the other workers, if there are any, as long as the block lasts."""
        if self._place is None:
            yield
            return
        path = self._place.socket(self._place.number)
        path.unlink(missing_ok=True)  # of the worker that this one replaces
        async with await asyncio.start_unix_server(self._tell, path):
            yield
        path.unlink(missing_ok=True)

    async def _tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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


async def _ask(socket: Path) -> list[_Family] | None:
    """Ask a worker for its metrics; one that does not answer has none."""
    try:
        async with asyncio.timeout(ASKED_FOR):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return msgspec.msgpack.decode(await reader.read(), type=list[_Family])
            finally:
                writer.close()
    except (OSError, TimeoutError, msgspec.DecodeError):
        return None


class _Collected(Collector):
    """Metrics that were collected."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._metrics


async def _written(metrics: Iterable[Metric]) -> bytes:
    """Write metrics down, in a thread: thousands of lines would keep the loop for too long."""
    return await asyncio.to_thread(generate_latest, _Collected(metrics))


def _together(told: Mapping[int, list[_Family] | None]) -> Iterator[Metric]:
    """Put the metrics of all workers together, those of one name in one family."""
    yield gauge(
        "worker_up",
        "Whether a worker tells of itself.",
        ("worker",),
        {(str(number),): float(families is not None) for number, families in told.items()},
    )
    yield from _labelled((number, families or ()) for number, families in told.items())


def _labelled(told: Iterable[tuple[int, Iterable[_Family]]]) -> Iterable[Metric]:
    metrics: dict[str, Metric] = {}
    for number, families in told:
        for family in families:
            metric = metrics.setdefault(family.name, Metric(family.name, family.help, family.type))
            for name, labels, value in family.samples:
                metric.samples.append(Sample(name, labels | {"worker": str(number)}, value))
    return metrics.values()
