"""Measure the gateway under overload: ``python benchmarks/overload.py --help``.

The capacity is the throughput with a constant number of requests in progress. Requests are then due
at one, two and three times that rate, while the health endpoint is requested too.
"""

import argparse
import http.client
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from statistics import median

import machine
from environment import Environment
from open_loop import OpenLoopResult, Plan
from options import benchmark_parser
from server_process import Server, running
from servers import GATEWAY, HERE
from tables import header, row
from workloads import OPERATIONS

CONCURRENCY = 64
"""The requests in progress while the capacity is measured."""
PROBE_INTERVAL_SECONDS = 0.05


@dataclass(frozen=True)
class Target:
    """The least goodput, as a part of the capacity, and the longest p99 in milliseconds."""

    load: float
    """As a multiple of the capacity."""
    min_goodput: float
    max_p99: float


TARGETS = (Target(1.0, 0.85, 250.0), Target(2.0, 0.85, 250.0), Target(3.0, 0.70, 1_000.0))


@dataclass
class HealthProbe:
    """Requests of the health endpoint, and their latencies in milliseconds."""

    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    def run(self, port: int, stop: threading.Event) -> None:
        """Send requests until stopped, each on a new connection."""
        while not stop.wait(PROBE_INTERVAL_SECONDS):
            begin = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/health/live")
                self.failed += connection.getresponse().status != http.HTTPStatus.OK
            except OSError:
                self.failed += 1
            finally:
                connection.close()
            self.latencies.append((time.perf_counter() - begin) * 1e3)


@contextmanager
def probing(port: int) -> Iterator[HealthProbe]:
    """Request the health endpoint in a thread until the block is left."""
    probe, stop = HealthProbe(), threading.Event()
    thread = threading.Thread(target=probe.run, args=(port, stop))
    thread.start()
    try:
        yield probe
    finally:
        stop.set()
        thread.join()


class Overload:
    """The measurements of one gateway."""

    def __init__(
        self, options: argparse.Namespace, environment: Environment, server: Server
    ) -> None:
        self._options = options
        self._environment = environment
        self._server = server

    def capacity(self) -> float:
        """Return the requests per second with a constant number of them in progress."""
        result = self._send(rate=0.0)
        if result.failed or result.refused or result.timeouts:
            raise SystemExit(f"Requests failed without overload: {result}")
        return result.goodput

    def at(self, rate: float) -> tuple[OpenLoopResult, HealthProbe]:
        """Send ``rate`` requests per second."""
        with probing(self._server.port) as probe:
            result = self._send(rate=rate)
        self._server.wait_until_idle()
        return result, probe

    def _send(self, *, rate: float) -> OpenLoopResult:
        plan = Plan(
            port=self._server.port,
            workload=self._options.workload,
            operations=OPERATIONS,
            rate=rate,
            seconds=self._options.seconds,
            connections=self._options.connections,
            concurrency=CONCURRENCY,
        )
        command = self._environment.on_load_core(
            sys.executable, HERE / "open_loop.py", json.dumps(asdict(plan))
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return OpenLoopResult(**json.loads(done.stdout))


COLUMNS = (
    "round",
    "capacity",
    "load / capacity",
    "requests/s",
    "accepted/s",
    "goodput / capacity",
    "p50, ms",
    "p99, ms",
    "maximum, ms",
    "refused",
    "without Retry-After",
    "failed",
    "health: maximum (median), ms",
    "delay of the generator: p99, ms",
    "target met",
)


def cells(
    target: Target, capacity: float, result: OpenLoopResult, probe: HealthProbe
) -> tuple[str, ...]:
    """Return the cells of a measurement, from the capacity on."""
    goodput = result.goodput / capacity
    is_met = (
        goodput >= target.min_goodput
        and result.p99 <= target.max_p99
        and not (result.timeouts or result.failed or result.without_retry_after or probe.failed)
    )
    return (
        f"{capacity:,.0f}",
        f"{target.load:g} ×",  # noqa: RUF001  the multiplication sign is meant
        f"{result.sent / result.seconds:,.0f}",
        f"{result.goodput:,.0f}",
        f"{goodput:.0%}",
        f"{result.p50:,.0f}",
        f"{result.p99:,.0f}",
        f"{result.maximum:,.0f}",
        f"{result.refused:,}",
        f"{result.without_retry_after:,}",
        f"{result.timeouts + result.failed:,}",
        f"{max(probe.latencies, default=0):,.0f} ({median(probe.latencies or [0]):,.0f})",
        f"{result.generator_delay_p99:,.1f}",
        "yes" if is_met else "no",
    )


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = benchmark_parser("Measure the gateway under overload.", rounds=3, seconds=8.0)
    parser.add_argument("--workload", default="mix", choices=["mix", "get", "list", "list_four"])
    parser.add_argument("--connections", type=int, default=4_000, help="of the load generator")
    loads = [target.load for target in TARGETS]
    parser.add_argument(
        "--loads", type=float, nargs="+", default=loads, help="as multiples of the capacity"
    )
    parser.add_argument("serve", nargs="*", help="options of the gateway, after --")
    return parser.parse_args()


def main() -> None:
    """Measure in rounds, each on a new gateway, and print a table."""
    options = read_options()
    environment = Environment.from_options(options)
    gateway = replace(GATEWAY, command=(*GATEWAY.command, *options.serve))
    print(f"{machine.machine()}, {options.workload}\n")
    print(header(COLUMNS))
    goodput: defaultdict[float, list[float]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        with running(gateway, environment) as server:
            overload = Overload(options, environment, server)
            for target in TARGETS:
                if target.load in options.loads:
                    capacity = overload.capacity()  # again, as other processes influence it
                    result, probe = overload.at(target.load * capacity)
                    goodput[target.load].append(result.goodput / capacity)
                    print(row((str(number), *cells(target, capacity, result, probe))), flush=True)
    for load, ratios in goodput.items():
        print(f"\nMedian goodput at {load:g} times the capacity: {median(ratios):.0%} of it.")


if __name__ == "__main__":
    main()
