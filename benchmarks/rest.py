"""Measure Graph's REST interface: ``python benchmarks/rest.py --help``.

Requests one operation by its id and a page of 50, with all properties, by REST and by GraphQL. The
REST requests are also sent to handwritten handlers on Fastify and better-sqlite3, which return the
same bytes.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.request import urlopen

import machine
from data import operation_id
from databases import DatabaseKind
from environment import Environment
from load import Load, Measurement, measure, medians
from options import add_node_option, benchmark_parser
from server_process import Server, running
from servers import GATEWAY, GATEWAY_UNCACHED, Peer, missing_requirement
from tables import table
from workloads import MAX_CONNECTIONS, OPERATIONS

FASTIFY = Peer(
    "fastify",
    "Fastify",
    DatabaseKind.PEER_SQLITE,
    ("{node}", "peers/node/rest.js", "{port}", "{database}"),
)
PEERS = (GATEWAY, GATEWAY_UNCACHED, FASTIFY)
REST_SCRIPTS = ("rest_get", "rest_list")
SCRIPTS = ("get", "rest_get", "list", "rest_list")
COMPARED = 100
_COLLECTION = "communications/inviteParticipantsOperations"
_TOKEN = re.compile(rb"skiptoken=[^\"]*")


def responses(server: Server) -> list[bytes]:
    """Return some responses of a server, without its port and its page tokens."""
    root = f"http://127.0.0.1:{server.port}/v1.0/{_COLLECTION}"
    step = OPERATIONS // COMPARED
    urls = [f"{root}?$top=50", *(f"{root}/{operation_id(n)}" for n in range(0, OPERATIONS, step))]
    found = []
    for url in urls:
        with urlopen(url, timeout=10) as response:  # noqa: S310  a server started here
            found.append(_TOKEN.sub(b"", response.read().replace(b"%d" % server.port, b"PORT")))
    return found


def measure_all(
    environment: Environment, peers: Sequence[Peer], rounds: int, seconds: int
) -> dict[tuple[str, str], list[Measurement]]:
    """Measure every server in each round; return the results by server and script.

    Raises ``SystemExit`` if responses differ.
    """
    runs: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    expected: list[bytes] = []
    for number in range(1, rounds + 1):
        for peer in peers:
            with running(peer, environment) as server:
                actual = responses(server)
                expected = expected or actual
                if actual != expected:
                    raise SystemExit(f"{peer.title} responds differently from {peers[0].title}.")
                for script in REST_SCRIPTS if peer is FASTIFY else SCRIPTS:
                    result = measure(server, environment, Load(script, seconds))
                    print(f"round {number}, {peer.title}: {script}: {result}", file=sys.stderr)
                    runs[peer.name, script].append(result)
    return runs


def report(peers: Sequence[Peer], runs: Mapping[tuple[str, str], list[Measurement]]) -> str:
    """Return a table with the median throughput and CPU time per request."""
    rows = []
    for peer in peers:
        cells = []
        for script in SCRIPTS:
            throughput, cpu = medians(found) if (found := runs.get((peer.name, script))) else (0, 0)
            cells.append(f"{throughput:,.0f}/s, {cpu:,.1f} µs" if throughput else "")
        rows.append((peer.title, *cells))
    return table(("server", *SCRIPTS), rows)


def main() -> None:
    """Read the command line, measure, and print."""
    parser = benchmark_parser("Measure Graph's REST interface.", rounds=5, seconds=5)
    add_node_option(parser)
    options = parser.parse_args()
    environment = Environment.from_options(options)
    peers = [peer for peer in PEERS if not missing_requirement(peer, environment.node)]
    runs = measure_all(environment, peers, options.rounds, options.seconds)
    print(f"{machine.machine()}, connections: {MAX_CONNECTIONS}, rounds: {options.rounds}\n")
    print(report(peers, runs))


if __name__ == "__main__":
    main()
