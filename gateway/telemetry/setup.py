"""The parts of telemetry, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.http.observing import Observers
from gateway.logs import Logs
from gateway.store.interface import Store
from gateway.telemetry.lines import RequestLines
from gateway.telemetry.log import LogMetrics
from gateway.telemetry.page import Metrics, WorkerId
from gateway.telemetry.requests import RequestMetrics
from gateway.telemetry.store import StoreMetrics


@dataclass(frozen=True)
class Telemetry:
    """The observers of requests, and the metrics."""

    observers: Observers
    metrics: Metrics


@asynccontextmanager
async def open_telemetry(
    logs: Logs, store: Store, worker: WorkerId | None, *, otel: bool
) -> AsyncIterator[Telemetry]:
    """Open telemetry for the block."""
    observers, metrics = Observers(), Metrics(worker)
    metrics.add(RequestMetrics(observers), StoreMetrics(store), LogMetrics(logs))
    async with AsyncExitStack() as stack:
        if otel:
            from gateway.telemetry.otel import exporting  # noqa: PLC0415  off, it costs nothing

            await stack.enter_async_context(exporting(observers))
        observers.callbacks.append(RequestLines(logs))  # after who gives it a trace
        await stack.enter_async_context(metrics.serving())
        yield Telemetry(observers, metrics)
