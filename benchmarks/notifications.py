"""Measure notifications of Graph: ``python benchmarks/notifications.py --help``.

Completes operations by notifications and by GraphQL mutations, alternately, on one gateway. Each
change is durable before the response.
"""

import sys

import machine
from environment import Environment
from load import Load, Measurement, measure
from options import benchmark_parser
from server_process import running
from servers import GATEWAY
from tables import ratio_table

SCRIPTS = {"GraphQL mutations": "end", "notifications": "notify"}


def main() -> None:
    """Read the command line, measure, and print the medians and their ratio."""
    parser = benchmark_parser("Measure notifications of Graph.", rounds=7, seconds=3)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    environment = Environment.from_options(options)
    runs: dict[str, list[Measurement]] = {title: [] for title in SCRIPTS}
    with running(GATEWAY, environment) as server:
        for number in range(1, options.rounds + 1):
            for title, script in SCRIPTS.items():
                load = Load(script, options.seconds, options.connections)
                runs[title].append(measure(server, environment, load))
                print(f"round {number}: {title}: {runs[title][-1]}", file=sys.stderr)
    print(f"{machine.machine()}, connections: {options.connections}, rounds: {options.rounds}\n")
    print(ratio_table("changes by", runs))


if __name__ == "__main__":
    main()
