"""What can be said on the command line."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import servers
import workloads


def _among(known: list[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        given = [name.strip() for name in text.split(",")]
        if unknown := set(given) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {known}")
        return given

    return names


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure the gateway and its peers side by side.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="how long each is timed")
    parser.add_argument("--mix-seconds", type=int, default=60, help="how long the last mix runs")
    peers = [peer.name for peer in servers.ALL]
    parser.add_argument("--peers", type=_among(peers), default=peers, help=", ".join(peers))
    names = [workload.name for workload in workloads.ALL]
    parser.add_argument("--workloads", type=_among(names), default=names, help=", ".join(names))
    parser.add_argument("--connections", type=_numbers, default=[1, 16, 64])
    parser.add_argument("--growth", type=_numbers, default=list(workloads.GROWTH))
    parser.add_argument(
        "--python",
        type=lambda text: Path(text).absolute(),
        default=Path(sys.executable),
        help="the Python whose environment the gateway is installed in",
    )
    parser.add_argument("--node", type=lambda text: shutil.which(text) or text, default="node")
    parser.add_argument("--output", type=Path, help="RESULTS.md beside this, unless --quick")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks",
        help="where the databases are kept from one run to the next",
    )
    parser.add_argument("--quick", action="store_true", help="one short round, 64 connections")
    options = parser.parse_args()
    if not options.quick:
        options.output = options.output or Path(__file__).with_name("RESULTS.md")
    else:
        options.rounds, options.seconds, options.mix_seconds = 1, 2, 2
        options.connections, options.growth = [workloads.MOST], list(workloads.GROWTH[:1])
    return options
