"""The comparison of the gateway with its peers: equal responses first, then the measurements."""

import argparse
import sys
from pathlib import Path

import conditional_requests
import responses
import workloads
from databases import DatabaseKind
from environment import Environment
from fan_out import fan_out
from load import Load, measure
from responses import Response
from results import Results
from server_process import Server, running, running_on
from servers import GATEWAY, GATEWAY_POSTGRES, MERCURIUS, STRAWBERRY_CACHED, Peer
from workloads import OPERATIONS, Workload

PAGES = 1_000
STREAM_PEERS = (GATEWAY, MERCURIUS, STRAWBERRY_CACHED)
SCALING_PEERS = (GATEWAY, GATEWAY_POSTGRES, MERCURIUS)


class Comparison:
    """A run: its options, and its results so far."""

    def __init__(
        self, options: argparse.Namespace, environment: Environment, peers: list[Peer]
    ) -> None:
        self._options = options
        self._environment = environment
        self.results = Results(peers)
        self._cursors = options.data / "cursors"
        self._http_gets = options.data / "http_gets"

    def check(self) -> list[str]:
        """Send the same requests to every server; return how the format of their responses differs.

        Raises ``SystemExit`` if their content differs.
        """
        notes = []
        expected: list[Response] = []
        for peer in self.results.peers:
            if peer.workloads is not None:
                continue
            log(f"{peer.title}: responses")
            with running(peer, self._environment) as server:
                actual = list(responses.responses(server, OPERATIONS))
            expected = expected or actual
            notes.append(_compare(peer, expected, actual))
        return notes

    def measure(self) -> None:
        """Measure every server in each round."""
        rounds = self._options.rounds
        for number in range(1, rounds + 1):
            for peer in self.results.peers:
                title = f"round {number}, {peer.title}"
                if peer.workloads is not None:
                    self._measure_some(peer, peer.workloads, title)
                    continue
                self._measure_reads(peer, title, is_last=number == rounds)
                self._measure_creates(peer, title)
                self._measure_streams(peer, title)
            self._measure_scaling(number)

    def _measure_some(self, peer: Peer, names: frozenset[str], title: str) -> None:
        """Measure a server that has only some of the reads."""
        with running(peer, self._environment) as server:
            for workload in workloads.READS:
                if workload.name in names:
                    self._measure(server, workload, title)

    def _measure_reads(self, peer: Peer, title: str, *, is_last: bool) -> None:
        """Measure the reads and the mix, and in the last round the memory after them."""
        with running(peer, self._environment) as server:
            self.results.start_seconds[peer.name].append(server.start_seconds)
            if self._is_selected(workloads.PAGE):
                self._cursors.write_text("\n".join(responses.cursors(server, PAGES)) + "\n")
            for workload in workloads.READS:
                self._measure(server, workload, title)
            if peer is GATEWAY:
                lines = conditional_requests.paths_and_etags(server)
                self._http_gets.write_text("\n".join(lines) + "\n")
                for workload in workloads.HTTP_GETS:
                    self._measure(server, workload, title)
            if self._is_selected(workloads.MIX):
                seconds = self._options.mix_seconds if is_last else self._options.seconds
                self._measure(server, workloads.MIX, title, seconds=seconds)
                if is_last:
                    self.results.memory_bytes[peer.name].append(server.resident_bytes())
            responses.check_reads(server, OPERATIONS)

    def _measure_creates(self, peer: Peer, title: str) -> None:
        """Measure each number of connections on a new copy of the database."""
        for connections in self._connections(workloads.CREATE):
            with running(peer, self._environment) as server:
                self._measure(server, workloads.CREATE, title, connections=[connections])

    def _measure_streams(self, peer: Peer, title: str) -> None:
        if peer not in STREAM_PEERS:
            return
        for stream in workloads.STREAMS:
            if stream.name not in self._options.workloads:
                continue
            with running(peer, self._environment) as server:
                result = fan_out(server, self._environment, stream, self._options.seconds)
            (first, *_), *_ = (*self.results.streamed.values(), [result])
            if result.comparable_event != first.comparable_event:
                raise SystemExit(
                    f"{peer.title} pushes {result.comparable_event}\nnot\n{first.comparable_event}"
                )
            self.results.streamed[peer.name, stream.name].append(result)
            log(f"{title}: {stream.name}: {result.delivered:,} of {result.expected:,} delivered")

    def _measure_scaling(self, number: int) -> None:
        if not self._is_selected(workloads.SCALING):
            return
        for count in self._options.operations:
            for peer in SCALING_PEERS:
                if peer not in self.results.peers:
                    continue
                database = self._environment.databases.base(peer.kind, count)
                _read_into_page_cache(database)
                with running_on(database, peer, self._environment) as server:
                    for workload in workloads.SCALING_READS:
                        load = Load(workload.name, self._options.seconds, arguments=(str(count),))
                        result = measure(server, self._environment, load)
                        self.results.scaled[peer.name, workload.name, count].append(result)
                        title = f"round {number}, {peer.title}: {workload.name} of {count:,}"
                        log(f"{title}: {result}")

    def _measure(
        self,
        server: Server,
        workload: Workload,
        title: str,
        *,
        seconds: int | None = None,
        connections: list[int] | None = None,
    ) -> None:
        arguments = (str(OPERATIONS), str(self._cursors), str(self._http_gets))
        for count in connections or self._connections(workload):
            load = Load(workload.name, seconds or self._options.seconds, count, arguments)
            result = measure(server, self._environment, load)
            self.results.timed[server.peer.name, workload.name, count].append(result)
            log(f"{title}: {workload.name}, connections: {count}: {result}")

    def _is_selected(self, workload: Workload) -> bool:
        return workload.name in self._options.workloads

    def _connections(self, workload: Workload) -> list[int]:
        if not self._is_selected(workload):
            return []
        return [number for number in workload.connections if number in self._options.connections]


def _read_into_page_cache(database: Path) -> None:
    """Read files once, so that the speed of the disk is not measured."""
    for path in (database, *database.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


def _compare(peer: Peer, expected: list[Response], actual: list[Response]) -> str:
    """Return how the format of responses differs; raise ``SystemExit`` if the content does."""
    has_own_schema = peer.kind is DatabaseKind.PEER_POSTGRES
    normalized = responses.normalized if has_own_schema else str
    pairs = list(zip(expected, actual, strict=True))
    for one, other in pairs:
        if normalized(one.data) != normalized(other.data):
            raise SystemExit(
                f"{peer.title} responds differently to {other.request}:\n{other.data[:2000]}\n"
                f"not\n{one.data[:2000]}"
            )
    if has_own_schema:
        return f"{peer.title}: the same content, in its own schema, nested objects as JSON."
    if all(one.body == other.body for one, other in pairs if not other.is_specific):
        return f"{peer.title}: the same bytes."
    return f"{peer.title}: the same data, with different whitespace and escapes."


def log(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)
