"""Measure Graph's REST interface: ``python benchmarks/rest.py --help``.

One operation by its id and a page of 50, all properties, by REST beside the same by GraphQL, and
beside Fastify on better-sqlite3, which answers the same bytes by hand. Rounds are interleaved.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import machine
from data import operation_id
from databases import Databases, Kind
from load import Load, Measured, drive
from servers import GATEWAY, GATEWAY_FORGETFUL, Peer, Server, Tools, missing, running
from workloads import MOST, OPERATIONS

FASTIFY = Peer(
    "fastify",
    "Fastify, by hand",
    Kind.PEERS,
    ("{node}", "peers/node/rest.js", "{port}", "{database}"),
)
PEERS = (GATEWAY, GATEWAY_FORGETFUL, FASTIFY)
SCRIPTS = ("get", "rest_get", "list", "rest_list")
"""Of wrk: by GraphQL, and by REST."""
CHECKED = 100
WARM_UP_SECONDS = 1
_COLLECTION = "communications/inviteParticipantsOperations"
_TOKEN = re.compile(rb"skiptoken=[^\"]*")


def answers(server: Server) -> list[bytes]:
    """Return what a server answers, without its port and the tokens it makes."""
    root = f"http://127.0.0.1:{server.port}/v1.0/{_COLLECTION}"
    step = OPERATIONS // CHECKED
    urls = [f"{root}?$top=50", *(f"{root}/{operation_id(n)}" for n in range(0, OPERATIONS, step))]
    found = []
    for url in urls:
        with urlopen(url, timeout=10) as response:  # noqa: S310  a server started here
            found.append(_TOKEN.sub(b"", response.read().replace(b"%d" % server.port, b"PORT")))
    return found


def measure(
    tools: Tools, databases: Databases, peers: Sequence[Peer], rounds: int, seconds: int
) -> dict[tuple[str, str], list[Measured]]:
    """Time every peer in each round; raise ``SystemExit`` where answers differ."""
    measured: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    expected: list[bytes] = []
    for number in range(rounds):
        for peer in peers:
            with (
                databases.copy(peer.kind, OPERATIONS) as database,
                running(peer, tools, databases, database) as server,
            ):
                given = answers(server)
                expected = expected or given
                if given != expected:
                    raise SystemExit(f"{peer.title} answers otherwise than {peers[0].title}.")
                for script in SCRIPTS if peer.kind is Kind.GATEWAY else SCRIPTS[1::2]:
                    arguments = (str(OPERATIONS),)
                    drive(server, tools, Load(script, MOST, WARM_UP_SECONDS, arguments))
                    server.settle()
                    one = drive(server, tools, Load(script, MOST, seconds, arguments))
                    server.settle()
                    print(f"round {number + 1}, {peer.title}: {script}: {one}", file=sys.stderr)
                    measured[peer.name, script].append(one)
    return measured


def report(peers: Sequence[Peer], measured: dict[tuple[str, str], list[Measured]]) -> str:
    """Write a table: the rate a second and the processor time of a request, in the median."""
    lines = ["| | " + " | ".join(SCRIPTS) + " |", "|---" * (len(SCRIPTS) + 1) + "|"]
    for peer in peers:
        cells = []
        for script in SCRIPTS:
            found = measured.get((peer.name, script))
            if not found:
                cells.append("")
                continue
            rate, cpu = median(one.rate for one in found), median(one.cpu for one in found)
            cells.append(f"{rate:,.0f}, {cpu:,.1f} µs")
        lines.append(f"| {peer.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description="Measure Graph's REST interface.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="how long each is timed")
    parser.add_argument(
        "--python", type=lambda text: Path(text).absolute(), default=Path(sys.executable)
    )
    parser.add_argument("--node", type=lambda text: shutil.which(text) or text, default="node")
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    options = parser.parse_args()
    tools = Tools.here(options.python, options.node)
    peers = [peer for peer in PEERS if not missing(peer, tools)]
    databases = Databases(options.data, tools.python)
    measured = measure(tools, databases, peers, options.rounds, options.seconds)
    print(f"{machine.machine()}. Medians of {options.rounds} rounds at {MOST} connections.\n")
    print(report(peers, measured))


if __name__ == "__main__":
    main()
