"""Measure notifications of Graph: ``python benchmarks/notifications.py --help``.

Changes that end operations, told by notifications and asked for by GraphQL, from as many
connections, in turns, of one gateway. Each is durable before it is answered.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import machine
from databases import Databases, Kind
from load import Load, Measured, drive
from servers import GATEWAY, Tools, running
from workloads import OPERATIONS

SCRIPTS = {"end": "GraphQL updates", "notify": "notifications"}
WARM_UP_SECONDS = 1


def measure(
    tools: Tools, databases: Databases, options: argparse.Namespace
) -> dict[str, list[Measured]]:
    """Time both in each round."""
    measured: dict[str, list[Measured]] = {script: [] for script in SCRIPTS}
    with (
        databases.copy(Kind.GATEWAY, OPERATIONS) as database,
        running(GATEWAY, tools, databases, database) as server,
    ):
        for number in range(options.rounds + 1):  # the first warms up
            seconds = options.seconds if number else WARM_UP_SECONDS
            for script, found in measured.items():
                load = Load(script, options.connections, seconds, (str(OPERATIONS),))
                one = drive(server, tools, load)
                server.settle()
                if number:
                    print(f"round {number}: {SCRIPTS[script]}: {one}", file=sys.stderr)
                    found.append(one)
    return measured


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description="Measure notifications of Graph.")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="how long each is timed")
    parser.add_argument(
        "--python", type=lambda text: Path(text).absolute(), default=Path(sys.executable)
    )
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    options = parser.parse_args()
    tools = Tools.here(options.python)
    measured = measure(tools, Databases(options.data, tools.python), options)
    rates = {script: median(one.rate for one in found) for script, found in measured.items()}
    costs = {script: median(one.cpu for one in found) for script, found in measured.items()}
    print(f"{machine.machine()}, {options.connections} connections, {options.rounds} rounds\n")
    print("| | a second | processor µs each |\n|---|---|---|")
    for script, title in SCRIPTS.items():
        print(f"| {title} | {rates[script]:,.0f} | {costs[script]:,.1f} |")
    ratios = (each["notify"] / each["end"] for each in (rates, costs))
    print("| ratio | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
