"""Ask the gateway for more than it can: ``python benchmarks/overload.py --help``.

Its capacity is what it answers to as many clients when it is never without a request, and never has
many. Then requests arrive at once, twice and three times that rate, whatever becomes of them, and
somebody asks whether it lives.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import machine
from arrivals import Arrived, Plan
from databases import Databases, Kind
from servers import GATEWAY, HERE, Peer, Server, Tools, running
from workloads import OPERATIONS

AT_ONCE = 64
"""With so many requests under way at any time, on connections in turn, capacity is measured."""

PROBED_EVERY = 0.05


@dataclass(frozen=True)
class Bar:
    """What has to hold at so many times the capacity."""

    times: float
    goodput: float
    p99: float


BARS = (Bar(1.0, 0.85, 250.0), Bar(2.0, 0.85, 250.0), Bar(3.0, 0.70, 1_000.0))


@dataclass
class Probe:
    """How long the gateway took to say that it lives, in milliseconds."""

    took: list[float] = field(default_factory=list)
    failed: int = 0

    def look(self, port: int, stop: threading.Event) -> None:
        """Ask again and again, on a new connection each time."""
        while not stop.wait(PROBED_EVERY):
            begin = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/health/live")
                self.failed += connection.getresponse().status != http.HTTPStatus.OK
            except OSError:
                self.failed += 1
            finally:
                connection.close()
            self.took.append((time.perf_counter() - begin) * 1e3)


@contextmanager
def probing(port: int) -> Iterator[Probe]:
    """Look whether the gateway lives until the block is left."""
    probe, stop = Probe(), threading.Event()
    looking = threading.Thread(target=probe.look, args=(port, stop))
    looking.start()
    try:
        yield probe
    finally:
        stop.set()
        looking.join()


class Overload:
    """The measurements of one gateway."""

    def __init__(self, options: argparse.Namespace, tools: Tools, server: Server) -> None:
        self._options = options
        self._tools = tools
        self._server = server

    def capacity(self) -> float:
        """Return how many requests a second are answered when there is never a lack of any."""
        arrived = self._send(rate=0.0)
        if arrived.failed or arrived.refused or arrived.timeouts:
            raise SystemExit(f"Not all were answered when there was no overload: {arrived}")
        return arrived.goodput

    def at(self, rate: float) -> tuple[Arrived, Probe]:
        """Have so many requests arrive each second."""
        with probing(self._server.port) as probe:
            arrived = self._send(rate=rate)
        self._server.settle()
        return arrived, probe

    def _send(self, *, rate: float) -> Arrived:
        plan = Plan(
            port=self._server.port,
            workload=self._options.workload,
            operations=OPERATIONS,
            rate=rate,
            seconds=self._options.seconds,
            connections=self._options.connections,
            at_once=AT_ONCE,
        )
        command = self._tools.pinned(
            self._tools.load_core,
            sys.executable,
            HERE / "arrivals.py",
            json.dumps(asdict(plan)),
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return Arrived(**json.loads(done.stdout))


def row(bar: Bar, capacity: float, arrived: Arrived, probe: Probe) -> str:
    """Write a measurement as a row of the table."""
    goodput = arrived.goodput / capacity
    met = (
        goodput >= bar.goodput
        and arrived.p99 <= bar.p99
        and not (arrived.timeouts or arrived.failed or arrived.without_retry_after or probe.failed)
    )
    cells = (
        f"{bar.times:g} ×",  # noqa: RUF001  the multiplication sign is meant
        f"{arrived.sent / arrived.seconds:,.0f}",
        f"{arrived.goodput:,.0f}",
        f"{goodput:.0%}",
        f"{arrived.p50:,.0f}",
        f"{arrived.p99:,.0f}",
        f"{arrived.longest:,.0f}",
        f"{arrived.refused:,}",
        f"{arrived.without_retry_after:,}",
        f"{arrived.timeouts + arrived.failed:,}",
        f"{max(probe.took, default=0):,.0f} ({median(probe.took or [0]):,.0f})",
        f"{arrived.held_up:,.1f}",
        "yes" if met else "no",
    )
    return f"| {' | '.join(cells)} |"


HEAD = (
    "of capacity",
    "arrive a second",
    "accepted",
    "goodput / capacity",
    "p50 ms",
    "p99 ms",
    "longest",
    "refused",
    "without Retry-After",
    "failed",
    "health: longest (median) ms",
    "generator late, p99 ms",
    "met",
)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Ask the gateway for more than it can.")
    parser.add_argument("--workload", default="mix", choices=["mix", "get", "list", "list_four"])
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each is timed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4_000, help="of the generator")
    parser.add_argument("--times", type=float, nargs="+", default=[bar.times for bar in BARS])
    parser.add_argument("--python", type=lambda text: Path(text).absolute(), default=sys.executable)
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    parser.add_argument("serve", nargs="*", help="options of the gateway's, after --")
    return parser.parse_args()


def main() -> None:
    """Measure in rounds, each on a gateway of its own, and print a table."""
    options = read_options()
    tools = Tools.here(options.python)
    databases = Databases(options.data, tools.python)
    gateway = Peer(GATEWAY.name, GATEWAY.title, GATEWAY.kind, (*GATEWAY.command, *options.serve))
    print(f"{machine.machine()}, {options.workload}\n")
    print(f"| round | capacity | {' | '.join(HEAD)} |\n|{'---|' * (len(HEAD) + 2)}")
    goodput: defaultdict[float, list[float]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        with (
            databases.copy(Kind.GATEWAY, OPERATIONS) as database,
            running(gateway, tools, databases, database) as server,
        ):
            overload = Overload(options, tools, server)
            for bar in BARS:
                if bar.times in options.times:
                    capacity = overload.capacity()  # as the machine has it just now
                    arrived, probe = overload.at(bar.times * capacity)
                    goodput[bar.times].append(arrived.goodput / capacity)
                    measured = row(bar, capacity, arrived, probe)
                    print(f"| {number} | {capacity:,.0f} {measured}", flush=True)
    for times, parts in goodput.items():
        print(f"\nMedian at {times:g} times the capacity: {median(parts):.0%} of it.")


if __name__ == "__main__":
    main()
