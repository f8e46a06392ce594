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
            "The total cost of the requests being executed, of `cost-at-work`.",
            (),
            {(): self._load.running_cost},
        )
        yield gauge(
            "cost_waiting",
            "Requests that wait for others to end, because all together would cost too much.",
            (),
            {(): self._load.waiting},
        )
        yield gauge(
            "turns_waiting",
            "Requests that wait to parse their documents, or for the reference executor.",
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
            "Requests answered from the cache of answers.",
            (),
            {(): self._executor.cached},
        )
        yield counter(
            "declined_operations",
            "Requests that fell back to the reference executor, by reason.",
            ("reason",),
            {(reason,): count for reason, count in self._executor.declined.items()},
        )
