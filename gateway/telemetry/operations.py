"""How operations were run."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gateway.execution.compiled.executor import CompiledExecutor
from gateway.execution.turns import Turns
from gateway.limits.load import Load
from gateway.telemetry.families import counter, gauge


class WaitingMetrics(Collector):
    """What is under way, and what waits for a turn of the event loop, or for others to end."""

    def __init__(self, turns: Turns, load: Load) -> None:
        self._turns = turns
        self._load = load

    def collect(self) -> Iterator[Metric]:
        """Count it."""
        yield gauge(
            "cost_at_work",
            "What the requests that are carried out cost together, of `cost-at-work`.",
            (),
            {(): self._load.under_way},
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
            {(): self._turns.waiting},
        )


class OperationMetrics(Collector):
    """What was compiled: the executor counts by itself, which costs less than a metric."""

    def __init__(self, executor: CompiledExecutor) -> None:
        self._executor = executor

    def collect(self) -> Iterator[Metric]:
        """Read the executor's counts."""
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
            {(): self._executor.remembered},
        )
        yield counter(
            "declined_operations",
            "Requests left to the reference executor, by the reason.",
            ("reason",),
            {(reason,): count for reason, count in self._executor.declined.items()},
        )
