"""The report of a comparison in Markdown."""

# ruff: noqa: RUF001  the multiplication sign is meant

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median

import machine
import targets
from environment import Environment
from load import Measurement
from results import Results
from servers import GATEWAY, Peer
from tables import table
from workloads import (
    FAN_OUT,
    IDLE,
    MAX_CONNECTIONS,
    OPERATIONS,
    SCALING_READS,
    TIMED,
    Workload,
)


def report(
    options: argparse.Namespace, environment: Environment, results: Results, notes: list[str]
) -> str:
    """Return the conditions of the measurements, and the tables that have rows."""
    facts = [
        f"{datetime.now(UTC):%Y-%m-%d}; {machine.machine()}.",
        ", ".join(machine.versions(environment)) + ".",
        f"{OPERATIONS:,} operations of 3 participants.",
        f"Medians of {options.rounds} interleaved rounds, {options.seconds} s per measurement.",
        "The server is pinned to one core, wrk to another.",
        "A ratio in parentheses is the gateway's throughput divided by that server's.",
        f"Failed requests, with an HTTP or GraphQL error: {results.failed_requests()}.",
        *notes,
    ]
    lines = ["# Results", "", *(f"- {fact}" for fact in facts), ""]
    lines += [f"## {title}\n\n{text}\n" for title, text in _sections(results) if text]
    return "\n".join(lines)


def _sections(results: Results) -> Iterator[tuple[str, str]]:
    def p99(runs: list[Measurement], *_: object) -> str:
        return f"{median(run.p99_milliseconds for run in runs):,.1f}"

    def cpu(runs: list[Measurement], *_: object) -> str:
        return f"{median(run.cpu_microseconds for run in runs):,.0f}"

    def throughput(runs: list[Measurement], peer: Peer, workload: Workload, count: int) -> str:
        own = median(run.throughput for run in runs)
        gateway = results.throughput(GATEWAY, workload, count)
        if peer is GATEWAY or not gateway:
            return f"**{own:,.0f}**"
        return f"{own:,.0f} ({gateway / own:,.2f} ×)"

    yield "Targets", table(targets.COLUMNS, targets.rows(results))
    yield "Throughput, in requests per second", _timed(results, throughput)
    yield "99th percentile of the latency, in milliseconds", _timed(results, p99)
    yield "CPU time of the server per request, in microseconds", _timed(results, cpu)
    title = f"Requests per second by number of operations, at {MAX_CONNECTIONS} connections"
    yield title, _scaling(results)
    yield f"Subscriptions: {FAN_OUT.title}; {IDLE.title}", _fan_out(results)
    yield "Memory and start-up time", _memory_and_start(results)


def _timed(results: Results, cell: Callable[[list[Measurement], Peer, Workload, int], str]) -> str:
    rows = []
    for workload in TIMED:
        for connections in workload.connections:
            cells = [
                cell(runs, peer, workload, connections)
                if (runs := results.timed.get((peer.name, workload.name, connections)))
                else ""
                for peer in results.peers
            ]
            if any(cells):
                rows.append((workload.title, str(connections), *cells))
    return table(("workload", "connections", *(peer.title for peer in results.peers)), rows)


def _scaling(results: Results) -> str:
    counts = sorted({count for _, _, count in results.scaled})
    rows = []
    for workload in SCALING_READS:
        for peer in results.peers:
            found = [results.scaled_throughput(peer, workload, count) for count in counts]
            if any(found):
                cells = [f"{value:,.0f}" if value else "" for value in found]
                rows.append((workload.title, peer.title, *cells))
    return table(("workload", "server", *(f"{count:,}" for count in counts)), rows)


def _fan_out(results: Results) -> str:
    names = (
        "server",
        "deliveries per second of CPU time",
        "deliveries per second",
        "delivered",
        "99th percentile of the latency, ms",
        "memory per idle subscriber, KiB",
    )
    rows = []
    for peer in results.peers:
        active, idle = results.fan_out(peer, FAN_OUT), results.fan_out(peer, IDLE)
        cells = [""] * 5
        if active:
            cells[:4] = (
                f"{active.deliveries_per_cpu_second:,.0f}",
                f"{active.deliveries_per_second:,.0f}",
                f"{active.delivered_share:.0%}",
                f"{active.p99_milliseconds:,.1f}",
            )
        if idle:
            cells[4] = f"{idle.kibibytes_per_subscriber:,.1f}"
        if any(cells):
            rows.append((peer.title, *cells))
    return table(names, rows)


def _memory_and_start(results: Results) -> str:
    rows = []
    for peer in results.peers:
        if seconds := results.start_seconds.get(peer.name):
            memory = results.memory(peer)
            mebibytes = f"{memory / 2**20:,.0f}" if memory else ""
            rows.append((peer.title, mebibytes, f"{median(seconds):,.2f}"))
    return table(("server", "memory after the mix, MiB", "time to the first response, s"), rows)
