"""What was measured, as Markdown."""

# ruff: noqa: RUF001  the multiplication sign is meant

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from statistics import median

import workloads
from fan_out import FannedOut
from load import Measured
from servers import GATEWAY, GATEWAY_FORGETFUL, Peer


@dataclass
class Results:
    """Measurements by what they are of, one a round."""

    peers: list[Peer]
    timed: dict[tuple[str, str, int], list[Measured]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By peer, workload and connections."""
    grown: dict[tuple[str, str, int], list[Measured]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By peer, workload and number of operations."""
    streamed: dict[tuple[str, str], list[FannedOut]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By peer and stream."""
    ready: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds by peer."""
    memory: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Bytes by peer, after the mix."""

    def errors(self) -> int:
        """Return how many requests failed."""
        runs = [run for runs in (*self.timed.values(), *self.grown.values()) for run in runs]
        return sum(run.errors for run in runs)

    def rate(self, peer: Peer, workload: workloads.Workload, connections: int) -> float | None:
        """Return the median of the requests a second."""
        runs = self.timed.get((peer.name, workload.name, connections))
        return median(run.rate for run in runs) if runs else None

    def tables(self) -> str:
        """Return all tables, those without a measurement left out."""
        sections = [
            ("The bar", self._bar()),
            ("Requests per second", self._timed(self._rate_cell)),
            ("99th percentile of the latency, in milliseconds", self._timed(_cell("p99", ",.1f"))),
            (
                "Processor time of the server a request, in microseconds",
                self._timed(_cell("cpu", ",.0f")),
            ),
            ("Growth, requests per second at 64 connections", self._growth()),
            (workloads.FAN_OUT.title, self._fan_out()),
            ("Memory and start", self._footprint()),
        ]
        return "\n".join(
            f"## {title}\n\n{table}\n" for title, lines in sections if (table := "\n".join(lines))
        )

    def _bar(self) -> list[str]:
        rows = [
            *self._rate_bars(),
            *self._known_bars(),
            *self._growth_bar(),
            *self._memory_bar(),
            *self._fan_out_bars(),
        ]
        return _table(("workload", "against", "at least", "measured", "met"), rows)

    def _rate_bars(self) -> Iterator[tuple[str, ...]]:
        for bar in workloads.BARS:
            rates = [
                (rate, peer.title)
                for peer in bar.against
                if (rate := self.rate(peer, bar.workload, bar.connections))
            ]
            theirs, rival = max(rates, default=(None, ""))
            for gateway in bar.gateways:
                ours = self.rate(gateway, bar.workload, bar.connections)
                if ours and theirs:
                    title = f"{bar.workload.title}, connections: {bar.connections}{_how(gateway)}"
                    yield title, rival, *_held(ours / theirs, bar.at_least)

    def _known_bars(self) -> Iterator[tuple[str, ...]]:
        for known, whole, at_least in workloads.KNOWN_BARS:
            ours = self.rate(GATEWAY, known, workloads.MOST)
            for gateway, how in ((GATEWAY, ""), (GATEWAY_FORGETFUL, ", not remembered")):
                all_of_it = self.rate(gateway, whole, workloads.MOST)
                if ours and all_of_it:
                    title = f"itself in full{how}"
                    yield known.title, title, *_held(ours / all_of_it, at_least)

    def _growth_bar(self) -> Iterator[tuple[str, ...]]:
        small, *_, large = workloads.GROWTH
        for gateway, workload in product(workloads.GROWING_GATEWAYS, workloads.GROWTH_READS):
            before = self.grown.get((gateway.name, workload.name, small))
            after = self.grown.get((gateway.name, workload.name, large))
            if before and after:
                ratio = median(run.rate for run in after) / median(run.rate for run in before)
                title = f"{workload.title}, at {large:,} operations{_how(gateway)}"
                yield title, f"itself at {small:,}", *_held(ratio, workloads.GROWTH_AT_LEAST)

    def _memory_bar(self) -> Iterator[tuple[str, ...]]:
        ours = self.memory.get(GATEWAY.name)
        theirs = self.memory.get(workloads.MEMORY_AGAINST.name)
        if ours and theirs:
            ratio = median(ours) / median(theirs)
            yield "Memory after the mix", workloads.MEMORY_AGAINST.title, *_no_more(ratio)

    def _fan_out_bars(self) -> Iterator[tuple[str, ...]]:
        against = workloads.STREAMS_AGAINST
        for stream, title, figure, held in (
            (workloads.FAN_OUT, "deliveries a second of processor time", _rate, _enough),
            (workloads.FAN_OUT, "99th percentile of the delay", _p99, _no_more),
            (workloads.IDLE, "memory of each", _kibibytes, _no_more),
        ):
            ours = self.streamed.get((GATEWAY.name, stream.name))
            theirs = self.streamed.get((against.name, stream.name))
            if ours and theirs:
                yield (
                    f"{stream.title}: {title}",
                    against.title,
                    *held(figure(ours) / figure(theirs)),
                )

    def _timed(self, cell: Callable[[Peer, list[Measured]], str]) -> list[str]:
        rows = []
        for workload in workloads.TIMED:
            for connections in workload.connections:
                found = [
                    (peer, self.timed.get((peer.name, workload.name, connections)))
                    for peer in self.peers
                ]
                if any(runs for _, runs in found):
                    cells = [cell(peer, runs) if runs else "" for peer, runs in found]
                    rows.append((workload.title, str(connections), *cells))
        return _table(("workload", "connections", *(peer.title for peer in self.peers)), rows)

    def _rate_cell(self, peer: Peer, runs: list[Measured]) -> str:
        rate = median(run.rate for run in runs)
        key = next(key for key, value in self.timed.items() if value is runs)
        ours = self.timed.get((GATEWAY.name, *key[1:]))
        if peer is GATEWAY or not ours:
            return f"**{rate:,.0f}**"
        return f"{rate:,.0f} ({median(run.rate for run in ours) / rate:,.2f} ×)"

    def _growth(self) -> list[str]:
        counts = sorted({count for _, _, count in self.grown})
        rows = []
        for workload in workloads.GROWTH_READS:
            for peer in self.peers:
                found = [self.grown.get((peer.name, workload.name, count)) for count in counts]
                if any(found):
                    cells = [
                        f"{median(r.rate for r in runs):,.0f}" if runs else "" for runs in found
                    ]
                    rows.append((workload.name, peer.title, *cells))
        return _table(("workload", "server", *(f"{count:,}" for count in counts)), rows)

    def _fan_out(self) -> list[str]:
        rows = []
        for peer in self.peers:
            runs = self.streamed.get((peer.name, workloads.FAN_OUT.name))
            idle = self.streamed.get((peer.name, workloads.IDLE.name))
            if runs or idle:
                kibibytes = f"{_kibibytes(idle):,.1f}" if idle else ""
                rows.append((peer.title, *(_fanned_out(runs) if runs else [""] * 4), kibibytes))
        head = (
            "deliveries a second of processor time",
            "deliveries a second",
            "delivered in time",
            "99th percentile of the delay, in milliseconds",
            f"KiB each of {workloads.IDLE.title}",
        )
        return _table(("server", *head), rows)

    def _footprint(self) -> list[str]:
        rows = [
            (
                peer.title,
                f"{median(self.memory[peer.name]) / 2**20:,.0f}"
                if peer.name in self.memory
                else "",
                f"{median(self.ready[peer.name]):,.2f}",
            )
            for peer in self.peers
            if peer.name in self.ready
        ]
        return _table(("server", "MiB after the mix", "seconds until it answers"), rows)


def _how(gateway: Peer) -> str:
    return gateway.title.removeprefix(GATEWAY.title)


def _held(ratio: float, at_least: float) -> tuple[str, str, str]:
    return f"{at_least:g} ×", f"{ratio:.2f} ×", "yes" if ratio >= at_least else "no"


def _enough(ratio: float) -> tuple[str, str, str]:
    return _held(ratio, workloads.FAN_OUT_AT_LEAST)


def _no_more(ratio: float) -> tuple[str, str, str]:
    return "no more", f"{ratio:.2f} ×", "yes" if ratio <= 1 else "no"


def _rate(runs: list[FannedOut]) -> float:
    return median(run.rate for run in runs)


def _p99(runs: list[FannedOut]) -> float:
    return median(run.p99 for run in runs)


def _kibibytes(runs: list[FannedOut]) -> float:
    return median(run.kibibytes for run in runs)


def _fanned_out(runs: list[FannedOut]) -> tuple[str, ...]:
    a_second = median(run.delivered / run.seconds for run in runs)
    share = sum(run.delivered for run in runs) / sum(run.expected for run in runs)
    return f"{_rate(runs):,.0f}", f"{a_second:,.0f}", f"{share:.0%}", f"{_p99(runs):,.1f}"


def _cell(attribute: str, form: str) -> Callable[[Peer, list[Measured]], str]:
    return lambda _, runs: format(median(getattr(run, attribute) for run in runs), form)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    head = list(head)
    return lines and [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines]
