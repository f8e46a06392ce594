"""Compare the gateway with other servers: ``python benchmarks/run.py --help``."""

import argparse
import resource
from collections.abc import Callable
from pathlib import Path

import servers
import workloads
from comparison import Comparison
from environment import Environment
from options import add_node_option, benchmark_parser
from report import report


def _names(known: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",")]
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {known}")
        return names

    return parse


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = benchmark_parser(
        "Compare the gateway with other servers. Lists are separated by commas.",
        rounds=3,
        seconds=5,
    )
    parser.add_argument(
        "--mix-seconds", type=int, default=60, help="the duration of the mix in the last round"
    )
    peers = [peer.name for peer in servers.ALL]
    parser.add_argument("--peers", type=_names(peers), default=peers, help=", ".join(peers))
    names = [workload.name for workload in workloads.ALL]
    parser.add_argument("--workloads", type=_names(names), default=names, help=", ".join(names))
    parser.add_argument("--connections", type=_numbers, default=[1, 16, 64], help="of 1, 16, 64")
    parser.add_argument(
        "--operations",
        type=_numbers,
        default=list(workloads.OPERATION_COUNTS),
        help="the numbers of operations for the workload scaling",
    )
    add_node_option(parser)
    parser.add_argument("--output", type=Path, help="benchmarks/RESULTS.md, unless --quick")
    parser.add_argument("--quick", action="store_true", help="one short round, 64 connections")
    options = parser.parse_args()
    if not options.quick:
        options.output = options.output or Path(__file__).with_name("RESULTS.md")
    else:
        options.rounds, options.seconds, options.mix_seconds = 1, 2, 2
        options.connections = [workloads.MAX_CONNECTIONS]
        options.operations = list(workloads.OPERATION_COUNTS[:1])
    return options


def main() -> None:
    """Compare the responses, measure, print the report, and write it."""
    options = read_options()
    _, max_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))  # inherited by the servers
    environment = Environment.from_options(options)
    selected = [peer for peer in servers.ALL if peer.name in options.peers]
    missing = {peer: servers.missing_requirement(peer, environment.node) for peer in selected}
    notes = [f"{peer.title} was not measured: {what}." for peer, what in missing.items() if what]
    comparison = Comparison(options, environment, [peer for peer in selected if not missing[peer]])
    notes += comparison.check()
    comparison.measure()
    text = report(options, environment, comparison.results, notes)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    if failed := comparison.results.failed_requests():
        raise SystemExit(f"{failed} requests failed.")


if __name__ == "__main__":
    main()
