"""The measurements of a comparison, and their medians."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from fan_out import FanOutResult
from load import Measurement
from servers import Peer
from workloads import Stream, Workload


@dataclass(frozen=True)
class FanOutMedians:
    """Medians of the runs of a stream, and the share of changes that were delivered."""

    deliveries_per_cpu_second: float
    deliveries_per_second: float
    delivered_share: float
    p99_milliseconds: float
    kibibytes_per_subscriber: float


@dataclass
class Results:
    """Measurements, one per round."""

    peers: list[Peer]
    timed: dict[tuple[str, str, int], list[Measurement]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By the names of the server and the workload, and the number of connections."""
    scaled: dict[tuple[str, str, int], list[Measurement]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By the names of the server and the workload, and the number of operations."""
    streamed: dict[tuple[str, str], list[FanOutResult]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By the names of the server and the stream."""
    start_seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By the name of the server."""
    memory_bytes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """After the mix, by the name of the server."""

    def failed_requests(self) -> int:
        """Return the number of failed requests."""
        series = (*self.timed.values(), *self.scaled.values())
        return sum(run.errors for runs in series for run in runs)

    def throughput(self, peer: Peer, workload: Workload, connections: int) -> float | None:
        """Return the median of the requests per second, None if not measured."""
        return _throughput(self.timed.get((peer.name, workload.name, connections)))

    def scaled_throughput(self, peer: Peer, workload: Workload, count: int) -> float | None:
        """Return the median of the requests per second with ``count`` operations."""
        return _throughput(self.scaled.get((peer.name, workload.name, count)))

    def memory(self, peer: Peer) -> float | None:
        """Return the median of the memory in bytes, None if not measured."""
        measured = self.memory_bytes.get(peer.name)
        return median(measured) if measured else None

    def fan_out(self, peer: Peer, stream: Stream) -> FanOutMedians | None:
        """Return the medians of a stream, None if not measured."""
        runs = self.streamed.get((peer.name, stream.name))
        if not runs:
            return None
        return FanOutMedians(
            deliveries_per_cpu_second=median(run.deliveries_per_cpu_second for run in runs),
            deliveries_per_second=median(run.delivered / run.seconds for run in runs),
            delivered_share=sum(run.delivered for run in runs)
            / max(sum(run.expected for run in runs), 1),
            p99_milliseconds=median(run.p99_milliseconds for run in runs),
            kibibytes_per_subscriber=median(run.kibibytes_per_subscriber for run in runs),
        )


def _throughput(runs: list[Measurement] | None) -> float | None:
    return median(run.throughput for run in runs) if runs else None
