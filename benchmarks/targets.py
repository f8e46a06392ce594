"""The gateway's targets relative to other servers, and whether they are met."""

# ruff: noqa: RUF001  the multiplication sign is meant

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from results import Results
from servers import (
    CONSTANT,
    GATEWAY,
    GATEWAY_POSTGRES,
    GATEWAY_UNCACHED,
    MERCURIUS,
    MERCURIUS_BUN,
    POSTGRAPHILE,
    STRAWBERRY,
    STRAWBERRY_CACHED,
    YOGA,
    YOGA_BUN,
    Peer,
)
from workloads import (
    CREATE,
    FAN_OUT,
    FILTER,
    GET,
    GET_200,
    GET_304,
    IDLE,
    LIST,
    LIST_200,
    LIST_304,
    MAX_CONNECTIONS,
    MIX,
    OPERATION_COUNTS,
    SCALING_READS,
    Workload,
)


@dataclass(frozen=True)
class ThroughputTarget:
    """The least ratio of the gateway's throughput to that of the fastest of ``peers``."""

    workload: Workload
    peers: tuple[Peer, ...]
    min_ratio: float
    connections: int = MAX_CONNECTIONS
    gateways: tuple[Peer, ...] = (GATEWAY, GATEWAY_UNCACHED)


JAVASCRIPT_SERVERS = (MERCURIUS, MERCURIUS_BUN, YOGA, YOGA_BUN)
THROUGHPUT = (
    ThroughputTarget(GET, JAVASCRIPT_SERVERS, 2.5),
    ThroughputTarget(GET, JAVASCRIPT_SERVERS, 1.2, connections=1),
    ThroughputTarget(GET, (CONSTANT,), 1.0),
    ThroughputTarget(LIST, JAVASCRIPT_SERVERS, 3.5),
    ThroughputTarget(FILTER, JAVASCRIPT_SERVERS, 1.5),
    ThroughputTarget(GET, (STRAWBERRY_CACHED,), 9.0),
    ThroughputTarget(LIST, (STRAWBERRY_CACHED,), 30.0),
    ThroughputTarget(CREATE, JAVASCRIPT_SERVERS, 3.0),
    ThroughputTarget(CREATE, JAVASCRIPT_SERVERS, 1.2, connections=1),
    ThroughputTarget(MIX, JAVASCRIPT_SERVERS, 2.5),
    ThroughputTarget(GET, (POSTGRAPHILE,), 5.0, gateways=(GATEWAY_POSTGRES,)),
    ThroughputTarget(LIST, (POSTGRAPHILE,), 3.5, gateways=(GATEWAY_POSTGRES,)),
    ThroughputTarget(FILTER, (POSTGRAPHILE,), 2.0, gateways=(GATEWAY_POSTGRES,)),
    ThroughputTarget(CREATE, (POSTGRAPHILE,), 4.0, gateways=(GATEWAY_POSTGRES,)),
)
NOT_MODIFIED = ((GET_304, GET_200, 1.5), (LIST_304, LIST_200, 8.0))
"""The least ratio of the throughput of status 304 to that of status 200."""
SCALING_MIN_RATIO = 0.85
"""Of the throughput with the most operations to that with the fewest."""
FAN_OUT_MIN_RATIO = 4.0
FAN_OUT_PEER = MERCURIUS
MEMORY_PEER = STRAWBERRY

COLUMNS = ("workload", "server", "compared with", "target", "measured", "met")


def rows(results: Results) -> Iterator[tuple[str, ...]]:
    """Yield a row for each target that was measured."""
    yield from _throughput(results)
    yield from _not_modified(results)
    yield from _scaling(results)
    yield from _memory(results)
    yield from _fan_out(results)


def _throughput(results: Results) -> Iterator[tuple[str, ...]]:
    for target in THROUGHPUT:
        measured = [
            (throughput, peer.title)
            for peer in target.peers
            if (throughput := results.throughput(peer, target.workload, target.connections))
        ]
        peer_throughput, peer_title = max(measured, default=(None, ""))
        for gateway in target.gateways:
            throughput = results.throughput(gateway, target.workload, target.connections)
            if throughput and peer_throughput:
                title = f"{target.workload.title}, connections: {target.connections}"
                ratio = throughput / peer_throughput
                yield title, gateway.title, peer_title, *_at_least(target.min_ratio, ratio)


def _not_modified(results: Results) -> Iterator[tuple[str, ...]]:
    for conditional, plain, min_ratio in NOT_MODIFIED:
        throughput = results.throughput(GATEWAY, conditional, MAX_CONNECTIONS)
        for gateway in (GATEWAY, GATEWAY_UNCACHED):
            plain_throughput = results.throughput(gateway, plain, MAX_CONNECTIONS)
            if throughput and plain_throughput:
                ratio = throughput / plain_throughput
                other = f"{gateway.title}, status 200"
                yield conditional.title, GATEWAY.title, other, *_at_least(min_ratio, ratio)


def _scaling(results: Results) -> Iterator[tuple[str, ...]]:
    fewest, *_, most = OPERATION_COUNTS
    for gateway, workload in product((GATEWAY, GATEWAY_POSTGRES), SCALING_READS):
        before = results.scaled_throughput(gateway, workload, fewest)
        after = results.scaled_throughput(gateway, workload, most)
        if before and after:
            title = f"{workload.title}, {most:,} operations"
            verdict = _at_least(SCALING_MIN_RATIO, after / before)
            yield title, gateway.title, f"{gateway.title}, {fewest:,} operations", *verdict


def _memory(results: Results) -> Iterator[tuple[str, ...]]:
    gateway, peer = results.memory(GATEWAY), results.memory(MEMORY_PEER)
    if gateway and peer:
        yield "Memory after the mix", GATEWAY.title, MEMORY_PEER.title, *_at_most(1, gateway / peer)


def _fan_out(results: Results) -> Iterator[tuple[str, ...]]:
    titles = (GATEWAY.title, FAN_OUT_PEER.title)
    gateway, peer = (results.fan_out(one, FAN_OUT) for one in (GATEWAY, FAN_OUT_PEER))
    if gateway and peer:
        ratio = gateway.deliveries_per_cpu_second / peer.deliveries_per_cpu_second
        title = f"{FAN_OUT.title}: deliveries per second of CPU time"
        yield title, *titles, *_at_least(FAN_OUT_MIN_RATIO, ratio)
        ratio = gateway.p99_milliseconds / peer.p99_milliseconds
        title = f"{FAN_OUT.title}: 99th percentile of the latency"
        yield title, *titles, *_at_most(1, ratio)
    gateway, peer = (results.fan_out(one, IDLE) for one in (GATEWAY, FAN_OUT_PEER))
    if gateway and peer:
        ratio = gateway.kibibytes_per_subscriber / peer.kibibytes_per_subscriber
        yield f"{IDLE.title}: memory per subscriber", *titles, *_at_most(1, ratio)


def _at_least(limit: float, ratio: float) -> tuple[str, str, str]:
    return f"at least {limit:g} ×", f"{ratio:.2f} ×", "yes" if ratio >= limit else "no"


def _at_most(limit: float, ratio: float) -> tuple[str, str, str]:
    return f"at most {limit:g} ×", f"{ratio:.2f} ×", "yes" if ratio <= limit else "no"
