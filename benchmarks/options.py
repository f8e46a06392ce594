"""The command-line options that the benchmarks share."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path


def benchmark_parser(
    description: str, *, rounds: int | None = None, seconds: float | None = None
) -> argparse.ArgumentParser:
    """Return a parser of the shared options; ``rounds`` and ``seconds`` are the defaults of two.

    An option without a default is left out.
    """
    parser = argparse.ArgumentParser(description=description)
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds, help="the number of rounds")
    if seconds is not None:
        help_ = "the duration of each measurement"
        parser.add_argument("--seconds", type=type(seconds), default=seconds, help=help_)
    parser.add_argument(
        "--python",
        type=lambda text: Path(text).absolute(),
        default=Path(sys.executable),
        help="the Python whose environment the gateway is installed in",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks",
        help="the folder in which the databases are kept",
    )
    return parser


def add_node_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for benchmarks with servers on Node.js."""
    parser.add_argument(
        "--node",
        type=lambda text: shutil.which(text) or text,
        default="node",
        help="the program of Node.js",
    )
