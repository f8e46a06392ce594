"""Keep the gateway busy for long and see what grows: ``python benchmarks/soak.py --help``.

The mix, by clients that come and go; subscribers that come and go, over WebSocket and server-sent
events, while what they follow changes. Memory and open files are read off as it goes.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp
from databases import Databases, Kind
from machine import machine
from posts import body, names, numbered
from processes import open_files, resident_bytes
from servers import GATEWAY, Server, Tools, running
from workloads import OPERATIONS

FOLLOW = "subscription { changes { kind operationId state { clientContext status } } }"
SUBPROTOCOL = "graphql-transport-ws"
LOOKED_EVERY = 1.0
GROWTH_AT_MOST = 0.05
"""How much more memory the last third may take than the second."""


@dataclass
class Soak:
    """A run: what its clients do, and what was read off."""

    server: Server
    think_seconds: float
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where GraphQL is."""
        return f"http://127.0.0.1:{self.server.port}/graphql"

    async def run(self, seconds: float, visitors: int, subscribers: int) -> None:
        """Have so many clients at it for so long."""
        works: list[Callable[[], Awaitable[None]]] = [self.visit] * visitors
        works += [self.follow_socket, self.follow_stream] * (subscribers // 2)
        async with asyncio.TaskGroup() as tasks:
            clients = [tasks.create_task(self._again(work)) for work in works]
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                await asyncio.sleep(LOOKED_EVERY)
                self.memory.append(resident_bytes(self.server.process_ids))
                self.files.append(sum(map(open_files, self.server.process_ids)))
            for client in clients:
                client.cancel()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.done[f"failed: {error!r}"] += 1

    async def visit(self) -> None:
        """Connect, ask some of the mix, and go; now and then without waiting for the answer."""
        async with aiohttp.ClientSession() as session:
            for name in names("mix", self.chance.randrange(1, 50), self.chance):
                asked = body(name, self.chance.randrange(OPERATIONS))
                asked = numbered(asked, self.done.total())
                if self.chance.random() < 0.01:  # noqa: PLR2004  one in a hundred
                    await self._hang_up(asked)
                await self._ask(session, asked)
                self.done[name] += 1
                await asyncio.sleep(self.chance.random() * self.think_seconds)

    async def _ask(self, session: aiohttp.ClientSession, asked: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        async with session.post(self.url, data=asked, headers=headers) as response:
            answer = await response.read()
            if response.status != 200 or b'"errors":[{' in answer:  # noqa: PLR2004  OK
                self.done[f"failed: {answer[:200]!r}"] += 1

    async def _hang_up(self, asked: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        )
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(asked), asked))
        await writer.drain()
        writer.transport.abort()
        self.done["hung up"] += 1

    async def follow_socket(self) -> None:
        """Follow some changes over WebSocket, and go, saying so or not."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self.url, protocols=[SUBPROTOCOL]) as ws,
        ):
            await ws.send_json({"type": "connection_init"})
            await ws.send_json({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}})
            for _ in range(self.chance.randrange(1, 200)):
                await ws.receive(timeout=60)
                self.done["followed over WebSocket"] += 1
            if self.chance.random() < 0.5:  # noqa: PLR2004  every other
                await ws.send_json({"type": "complete", "id": "1"})

    async def follow_stream(self) -> None:
        """Follow some changes over server-sent events, and go."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                self.url, json={"query": FOLLOW}, headers={"Accept": "text/event-stream"}
            ) as response,
        ):
            for _ in range(self.chance.randrange(1, 400)):
                await response.content.readline()
            self.done["followed over SSE"] += 1


def report(soak: Soak) -> bool:
    """Print what grew; return whether nothing did."""
    third = len(soak.memory) // 3
    first, second, last = (
        (soak.memory[start : start + third], soak.files[start : start + third])
        for start in (0, third, 2 * third)
    )
    growth = median(last[0]) / median(second[0]) - 1
    print("| third | MiB, median | MiB, most | open files, median | most |\n|---|---|---|---|---|")
    for name, (memory, files) in (("first", first), ("second", second), ("last", last)):
        print(
            f"| {name} | {median(memory) / 2**20:,.1f} | {max(memory) / 2**20:,.1f} "
            f"| {median(files):,.0f} | {max(files):,} |"
        )
    print(f"\nMemory, last third against second: {growth:+.1%}.")
    for what, count in soak.done.most_common():
        print(f"{count:,} {what}")
    failed = [what for what in soak.done if what.startswith("failed")]
    flat_files = median(last[1]) <= median(second[1]) * (1 + GROWTH_AT_MOST)
    return growth <= GROWTH_AT_MOST and flat_files and not failed


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Keep the gateway busy and see what grows.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--subscribers", type=int, default=40)
    parser.add_argument("--think-seconds", type=float, default=0.05, help="between two requests")
    parser.add_argument("--python", type=lambda text: Path(text).absolute(), default=sys.executable)
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    return parser.parse_args()


def main() -> None:
    """Run it, and fail when something grew."""
    options = read_options()
    tools = Tools.here(options.python)
    databases = Databases(options.data, tools.python)
    with (
        databases.copy(Kind.GATEWAY, OPERATIONS) as database,
        running(GATEWAY, tools, databases, database) as server,
    ):
        soak = Soak(server, options.think_seconds, random.Random(1))  # noqa: S311  no secret
        os.sched_setaffinity(0, {tools.load_core})
        asyncio.run(soak.run(options.minutes * 60, options.visitors, options.subscribers))
    print(f"{machine()}; {options.minutes:g} minutes\n")
    if not report(soak):
        raise SystemExit("Something grew, or failed.")


if __name__ == "__main__":
    main()
