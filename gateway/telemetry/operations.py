"""Metrics of the execution of operations."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.admission.load import Load
from gateway.execution.compiled_executor import CompiledExecutor
from gateway.telemetry.families import counter, gauge


class LoadMetrics(Collector):
    """Reads the load, and how many requests wait."""

    def __init__(self, lock: CooperativeLock, load: Load) -> None:
        self._lock = lock
        self._load = load

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield gauge(
            "cost_at_work",
            "What the requests that are carried out cost together, of `cost-at-work`.",
            (),
            {(): self._load.running_cost},
        )
        yield gauge(
            "cost_waiting",
            "Requests that wait until others have ended, since all together cost too much.",
            (),
            {(): self._load.waiting},
        )
        yield gauge(
            "turns_waiting",
            "Requests that wait for their documents to be read or for the reference executor.",
            (),
            {(): self._lock.waiting},
        )


class OperationMetrics(Collector):
    """Reads the counts of the compiled executor."""

    def __init__(self, executor: CompiledExecutor) -> None:
        self._executor = executor

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield counter(
            "compiled_operations",
            "Requests answered by a compiled plan.",
            (),
            {(): self._executor.compiled},
        )
        yield counter(
            "remembered_operations",
            "Requests answered by a compiled plan's answer to an earlier one.",
            (),
            {(): self._executor.cached},
        )
        yield counter(
            "declined_operations",
            "Requests left to the reference executor, by the reason.",
            ("reason",),
            {(reason,): count for reason, count in self._executor.declined.items()},
        )
