"""Run the gateway under load for long, and watch its memory: ``python benchmarks/soak.py --help``.

Clients connect, send requests of the mix, and disconnect; subscribers do so over WebSocket and
server-sent events. Memory and open files are sampled.
"""

import argparse
import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

import aiohttp
from data import operation_id
from environment import Environment
from graphql_requests import draw_names, http_post, replace_number, request_body
from machine import machine
from options import benchmark_parser
from processes import open_files, resident_bytes
from server_process import Server, running
from servers import GATEWAY
from tables import header, row
from workloads import OPERATIONS

SUBSCRIPTION = "subscription { changes { kind operationId state { clientContext status } } }"
SUBPROTOCOL = "graphql-transport-ws"
SAMPLE_INTERVAL_SECONDS = 1.0
MAX_GROWTH = 0.05
"""Of memory and open files from the second third of the run to the last."""


@dataclass
class Soak:
    """A run: its clients, the numbers of their requests, and the samples."""

    server: Server
    think_seconds: float
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL of the GraphQL endpoint."""
        return f"http://127.0.0.1:{self.server.port}/graphql"

    async def run(self, seconds: float, clients: int, subscribers: int) -> None:
        """Run this number of clients and subscribers."""
        sessions: list[Callable[[], Awaitable[None]]] = [self.send_requests] * clients
        sessions += [self.subscribe_websocket, self.subscribe_sse] * (subscribers // 2)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._repeat(session)) for session in sessions]
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                await asyncio.sleep(SAMPLE_INTERVAL_SECONDS)
                self.memory.append(resident_bytes(self.server.process_ids))
                self.files.append(sum(map(open_files, self.server.process_ids)))
            for task in tasks:
                task.cancel()

    async def _repeat(self, session: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await session()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.counts[f"failed: {error!r}"] += 1

    async def send_requests(self) -> None:
        """Connect, send some requests of the mix, and disconnect, sometimes before the response."""
        async with aiohttp.ClientSession() as session:
            for name in draw_names("mix", self.rng.randrange(1, 50), self.rng):
                body = request_body(name, operation_id(self.rng.randrange(OPERATIONS)))
                body = replace_number(body, self.counts.total())
                if self.rng.random() < 0.01:  # noqa: PLR2004  one in a hundred
                    await self._disconnect_early(body)
                await self._send(session, body)
                self.counts[name] += 1
                await asyncio.sleep(self.rng.random() * self.think_seconds)

    async def _send(self, session: aiohttp.ClientSession, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        async with session.post(self.url, data=body, headers=headers) as response:
            content = await response.read()
            if response.status != 200 or b'"errors":[{' in content:  # noqa: PLR2004  OK
                self.counts[f"failed: {content[:200]!r}"] += 1

    async def _disconnect_early(self, body: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(http_post(body))
        await writer.drain()
        writer.transport.abort()
        self.counts["disconnected before the response"] += 1

    async def subscribe_websocket(self) -> None:
        """Receive some events over WebSocket, and disconnect, sometimes without completing."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self.url, protocols=[SUBPROTOCOL]) as ws,
        ):
            await ws.send_json({"type": "connection_init"})
            await ws.send_json({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}})
            for _ in range(self.rng.randrange(1, 200)):
                await ws.receive(timeout=60)
                self.counts["messages over WebSocket"] += 1
            if self.rng.random() < 0.5:  # noqa: PLR2004  every other
                await ws.send_json({"type": "complete", "id": "1"})

    async def subscribe_sse(self) -> None:
        """Read some lines of server-sent events, and disconnect."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.url, json={"query": SUBSCRIPTION}, headers={"Accept": "text/event-stream"}
            ) as response,
        ):
            for _ in range(self.rng.randrange(1, 400)):
                await response.content.readline()
            self.counts["lines of server-sent events"] += 1


def report(soak: Soak) -> bool:
    """Print the samples and counts; return whether nothing grew and no request failed."""
    third = len(soak.memory) // 3
    first, second, last = (
        (soak.memory[start : start + third], soak.files[start : start + third])
        for start in (0, third, 2 * third)
    )
    growth = median(last[0]) / median(second[0]) - 1
    print(header(("third", "MiB, median", "maximum", "open files, median", "maximum")))
    for name, (memory, files) in (("first", first), ("second", second), ("last", last)):
        mebibytes = (f"{median(memory) / 2**20:,.1f}", f"{max(memory) / 2**20:,.1f}")
        print(row((name, *mebibytes, f"{median(files):,.0f}", f"{max(files):,}")))
    print(f"\nMemory in the last third, compared with the second: {growth:+.1%}.")
    for what, count in soak.counts.most_common():
        print(f"{count:,} {what}")
    failed = [what for what in soak.counts if what.startswith("failed")]
    flat_files = median(last[1]) <= median(second[1]) * (1 + MAX_GROWTH)
    return growth <= MAX_GROWTH and flat_files and not failed


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = benchmark_parser("Run the gateway under load for long, and watch its memory.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--subscribers", type=int, default=40)
    parser.add_argument("--think-seconds", type=float, default=0.05, help="between two requests")
    return parser.parse_args()


def main() -> None:
    """Run the load, and fail if memory or open files grew."""
    options = read_options()
    environment = Environment.from_options(options)
    with running(GATEWAY, environment) as server:
        soak = Soak(server, options.think_seconds, random.Random(1))  # noqa: S311  no secret
        os.sched_setaffinity(0, {environment.load_core})
        asyncio.run(soak.run(options.minutes * 60, options.clients, options.subscribers))
    print(f"{machine()}; {options.minutes:g} minutes\n")
    if not report(soak):
        raise SystemExit("Memory or open files grew, or a request failed.")


if __name__ == "__main__":
    main()
