"""Measure the gateway and its peers side by side: ``python benchmarks/run.py --help``."""

import argparse
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import answers
import conditional
import machine
import servers
import workloads
from answers import Answer
from databases import Databases, Kind
from fan_out import fan_out
from load import Load, Measured, drive
from options import read_options
from results import Results
from servers import Peer, Server, Tools, running

PAGES = 1_000
WARM_UP_SECONDS = 1


class Benchmark:
    """One run: its options, and what was measured so far."""

    def __init__(self, options: argparse.Namespace, tools: Tools, peers: list[Peer]) -> None:
        self._options = options
        self._tools = tools
        self._databases = Databases(options.data, tools.python)
        self.results = Results(peers)
        self._cursors = options.data / "cursors"
        self._known = options.data / "known"

    def check(self) -> list[str]:
        """Ask every server the same; return how the answers' forms differ.

        Raises ``SystemExit`` when they differ in what they say.
        """
        notes = []
        first: list[Answer] = []
        for peer in self.results.peers:
            if peer.workloads is not None:
                continue
            _tell(f"{peer.title}: answers")
            with (
                self._databases.copy(peer.kind, workloads.OPERATIONS) as database,
                running(peer, self._tools, self._databases, database) as server,
            ):
                given = list(answers.answers(server, workloads.OPERATIONS))
            first = first or given
            notes.append(_compared(peer, first, given))
        return notes

    def measure(self) -> None:
        """Measure every peer in each round."""
        rounds = self._options.rounds
        for number in range(1, rounds + 1):
            for peer in self.results.peers:
                if peer.workloads is not None:
                    self._read_some(peer, f"round {number}, {peer.title}")
                    continue
                self._read(peer, f"round {number}, {peer.title}", is_last=number == rounds)
                self._create(peer, f"round {number}, {peer.title}")
                self._stream(peer, f"round {number}, {peer.title}")
            self._grow(number)

    def _read_some(self, peer: Peer, title: str) -> None:
        """Time what a server can be asked for that has no more than that."""
        with (
            self._databases.copy(peer.kind, workloads.OPERATIONS) as database,
            running(peer, self._tools, self._databases, database) as server,
        ):
            for workload in workloads.READS:
                if workload.name in (peer.workloads or ()):
                    self._time(server, workload, title, self._options.seconds)

    def _read(self, peer: Peer, title: str, *, is_last: bool) -> None:
        """Time what reads, then the mix, and look at the memory."""
        with (
            self._databases.copy(peer.kind, workloads.OPERATIONS) as database,
            running(peer, self._tools, self._databases, database) as server,
        ):
            self.results.ready[peer.name].append(server.ready_seconds)
            if self._wants(workloads.READS[-1]):
                self._cursors.write_text("\n".join(answers.cursors(server, PAGES)) + "\n")
            for workload in workloads.READS:
                self._time(server, workload, title, self._options.seconds)
            if peer is servers.GATEWAY:
                self._known.write_text("\n".join(conditional.known(server)) + "\n")
                for workload in workloads.CONDITIONAL:
                    self._time(server, workload, title, self._options.seconds)
            if self._wants(workloads.MIX):
                seconds = self._options.mix_seconds if is_last else self._options.seconds
                self._time(server, workloads.MIX, title, seconds)
                if is_last:
                    self.results.memory[peer.name].append(server.resident_bytes())
            list(answers.spot_checks(server, workloads.OPERATIONS))

    def _create(self, peer: Peer, title: str) -> None:
        for connections in self._connections(workloads.CREATE):
            with (
                self._databases.copy(peer.kind, workloads.OPERATIONS) as database,
                running(peer, self._tools, self._databases, database) as server,
            ):
                self._time(server, workloads.CREATE, title, self._options.seconds, connections)

    def _stream(self, peer: Peer, title: str) -> None:
        if peer not in workloads.STREAM_PEERS:
            return
        for stream in workloads.STREAMS:
            if stream.name not in self._options.workloads:
                continue
            with (
                self._databases.copy(peer.kind, workloads.OPERATIONS) as database,
                running(peer, self._tools, self._databases, database) as server,
            ):
                measured = fan_out(server, self._tools, stream, self._options.seconds)
            (first, *_), *_ = (*self.results.streamed.values(), [measured])
            if measured.says != first.says:
                raise SystemExit(f"{peer.title} pushes {measured.says}\nnot\n{first.says}")
            self.results.streamed[peer.name, stream.name].append(measured)
            _tell(f"{title}: {stream.name}: {measured}")

    def _grow(self, number: int) -> None:
        if not self._wants(workloads.GROWING):
            return
        for count in self._options.growth:
            for peer in workloads.GROWTH_PEERS:
                if peer not in self.results.peers:
                    continue
                database = self._databases.base(peer.kind, count)
                _read_through(database)
                with running(peer, self._tools, self._databases, database) as server:
                    for name in [workload.name for workload in workloads.GROWTH_READS]:
                        measured = self._drive(server, name, self._options.seconds, count=count)
                        self.results.grown[peer.name, name, count].append(measured)
                        title = f"round {number}, {peer.title}: {name} of {count:,}"
                        _tell(f"{title}: {measured.rate:,.0f} a second")

    def _time(
        self,
        server: Server,
        workload: workloads.Workload,
        title: str,
        seconds: int,
        only: int | None = None,
    ) -> None:
        for connections in [only] if only else self._connections(workload):
            measured = self._drive(server, workload.name, seconds, connections=connections)
            key = (server.peer.name, workload.name, connections)
            self.results.timed[key].append(measured)
            _tell(f"{title}: {workload.name} at {connections}: {measured.rate:,.0f} a second")
            if measured.errors:
                _tell(f"{measured.errors} failed: {measured.kinds}")

    def _drive(
        self,
        server: Server,
        script: str,
        seconds: int,
        *,
        connections: int = workloads.MOST,
        count: int = workloads.OPERATIONS,
    ) -> Measured:
        arguments = (str(count), str(self._cursors), str(self._known))
        drive(server, self._tools, Load(script, connections, WARM_UP_SECONDS, arguments))
        server.settle()
        measured = drive(server, self._tools, Load(script, connections, seconds, arguments))
        server.settle()
        return measured

    def _wants(self, workload: workloads.Workload) -> bool:
        return workload.name in self._options.workloads

    def _connections(self, workload: workloads.Workload) -> list[int]:
        if not self._wants(workload):
            return []
        return [number for number in workload.connections if number in self._options.connections]


def _read_through(database: Path) -> None:
    """Have the system read files into memory, so that not the disk is what is measured."""
    for path in (database, *database.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


def _compared(peer: Peer, first: list[Answer], given: list[Answer]) -> str:
    """Say in which form a peer answers; raise ``SystemExit`` if it says something else."""
    same_form = answers.content if peer.kind is Kind.POSTGRES else str
    for expected, answer in zip(first, given, strict=True):
        if same_form(answer.data) != same_form(expected.data):
            raise SystemExit(
                f"{peer.title} answers {answer.question} otherwise:\n{answer.data[:2000]}\n"
                f"not\n{expected.data[:2000]}"
            )
    if peer.kind is Kind.POSTGRES:
        return f"{peer.title}: the same content in a schema of its own, what is nested as JSON."
    pairs = zip(first, given, strict=True)
    if all(answer.body == expected.body for expected, answer in pairs if not answer.is_own):
        return f"{peer.title}: the same bytes."
    return f"{peer.title}: the same data, with spaces and escapes of its own."


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Check, measure, print, and write."""
    options = read_options()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for servers and subscribers
    tools = Tools.here(options.python, options.node)
    wanted = [peer for peer in servers.ALL if peer.name in options.peers]
    absent = {peer.title: servers.missing(peer, tools) for peer in wanted}
    peers = [peer for peer in wanted if not absent[peer.title]]
    notes = [f"{title} is not here: {reason}." for title, reason in absent.items() if reason]
    benchmark = Benchmark(options, tools, peers)
    notes += benchmark.check()
    benchmark.measure()
    text = _report(options, tools, benchmark.results, notes)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    if benchmark.results.errors():
        raise SystemExit(f"{benchmark.results.errors()} requests failed.")


def _report(options: argparse.Namespace, tools: Tools, results: Results, notes: list[str]) -> str:
    facts = [
        f"{datetime.now(UTC):%Y-%m-%d}; {machine.machine()}.",
        ", ".join(machine.versions(tools)) + ".",
        f"{workloads.OPERATIONS:,} operations of 3 participants.",
        f"Medians of {options.rounds} interleaved rounds, {options.seconds} s each time.",
        "The server is pinned to one core, wrk to another.",
        "A ratio in brackets is the gateway's rate over that server's.",
        f"Failed requests, of HTTP or GraphQL: {results.errors()}.",
        *notes,
    ]
    return "\n".join(["# Results", "", *(f"- {fact}" for fact in facts), "", results.tables()])


if __name__ == "__main__":
    main()
