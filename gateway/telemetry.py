"""What is counted, in the words of Prometheus."""

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gateway.execution.compiled.executor import CompiledExecutor


class Metrics:
    """The metrics of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=self.registry)

    def page(self) -> bytes:
        """Write all of them down in the text format."""
        return generate_latest(self.registry)


class OperationMetrics(Collector):
    """How operations were run: the executor counts by itself, which costs less than a metric."""

    def __init__(self, executor: CompiledExecutor) -> None:
        self._executor = executor

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Read the executor's counts."""
        compiled = CounterMetricFamily(
            "invite_gateway_compiled_operations", "Requests answered by a compiled plan."
        )
        compiled.add_metric([], self._executor.compiled)
        yield compiled
        remembered = CounterMetricFamily(
            "invite_gateway_remembered_operations",
            "Requests answered by a compiled plan's answer to an earlier one.",
        )
        remembered.add_metric([], self._executor.remembered)
        yield remembered
        declined = CounterMetricFamily(
            "invite_gateway_declined_operations",
            "Requests left to the reference executor, by the reason.",
            labels=["reason"],
        )
        for reason, count in self._executor.declined.items():
            declined.add_metric([reason], count)
        yield declined
