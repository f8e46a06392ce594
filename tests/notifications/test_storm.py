"""Many notifications: unordered, repeated, some malformed, with the gateway killed."""

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from support.gateways import LONGER, UNTRACED, Gateway, running
from support.graph_notifications import INVITE, Graph, envelope

Json = Any

OPERATIONS = 3_400 * LONGER
CONNECTIONS = 8
TIMES = 3
KILLS = 3
CHOICE = random.Random(11)  # noqa: S311  nothing is secret here


def guid() -> str:
    """Return an id that is the same in every run."""
    return str(UUID(int=CHOICE.getrandbits(128), version=4))


def formatted(id_: str) -> str:
    """Return an id in one of the forms in which bots receive it."""
    return CHOICE.choice([id_, id_.upper(), id_.replace("-", ""), id_.replace("-", "").upper()])


def steps(number: int) -> tuple[str, Json, list[Json]]:
    """Return an operation's id, its final state, and its notifications in order."""
    id_, call, context = guid(), guid(), f"context {number}"
    status, code = CHOICE.choice([("Completed", 200), ("Failed", 500)])
    invited = [{"identity": {"user": {"id": f"user {number}"}}, "region": "amer"}]
    result = {"code": code, "subcode": number, "message": "m"}
    kinds = [
        ("created", {"status": "notStarted", "clientContext": context, "participants": invited}),
        ("updated", {"status": "Running", "clientContext": context, "hint": number}),
        ("deleted", {"status": status.lower(), "resultInfo": result}),
    ]
    end = {
        "id": id_,
        "callId": call,
        "clientContext": context,
        "status": status,
        "resultInfo": result,
        "participants": invited,
        "additionalProperties": {"hint": number},
    }
    return id_, end, [notification(change, call, id_, data) for change, data in kinds]


def notification(change: str, call: str, id_: str, data: Json) -> Json:
    """Return a notification of one of the kinds that bots receive."""
    where = CHOICE.choice(["resourceUrl", "resource"])
    in_address = CHOICE.random() < 0.5
    last = formatted(id_) if in_address else "participants"
    return {
        "changeType": CHOICE.choice([change, change.title(), change.upper()]),
        where: f"/app/calls/{formatted(call)}/operations/{last}",
        "resourceData": {
            "@odata.type": INVITE,
            "id": None if in_address else formatted(id_),
            **data,
        },
    }


MALFORMED: list[Json] = [
    b'{"value": [',
    {"value": 7},
    envelope(7),
    envelope({"changeType": "gone", "resourceData": {"@odata.type": INVITE, "id": "x"}}),
    envelope({"changeType": "deleted", "resourceData": {"@odata.type": INVITE, "id": None}}),
    envelope({"changeType": "deleted", "resourceData": {"@odata.type": INVITE, "status": 7}}),
]


def storm() -> tuple[dict[str, Json], list[tuple[Json, int]]]:
    """Return the expected final operations, and bodies with the status of their responses."""
    ends, bodies = {}, []
    for number in range(OPERATIONS):
        id_, ends[id_], kinds = steps(number)
        bodies += [(envelope(one), 202) for one in kinds * TIMES]
    for number in range(len(bodies) // 10):
        body = MALFORMED[number % len(MALFORMED)]
        bodies.append((body, 400 if body in MALFORMED[:2] else 202))
    CHOICE.shuffle(bodies)
    return ends, bodies


class Sender:
    """Posts bodies to one gateway after another until each is answered."""

    def __init__(self, http: aiohttp.ClientSession, bodies: list[tuple[Json, int]]) -> None:
        self._http = http
        self._bodies = iter(bodies)
        self._answered = 0
        self._graph: asyncio.Future[Graph] = asyncio.Future()
        self._enough = asyncio.Event()
        self._wanted = 0

    async def send_all(self) -> None:
        """Post bodies one after another until none is left."""
        for body, status in self._bodies:
            assert await self._post(body) == status, body
            self._answered += 1
            if self._answered >= self._wanted:
                self._enough.set()
        self._enough.set()

    async def _post(self, body: Json) -> int:
        while True:
            graph = await self._graph
            try:
                return await graph.post(body)
            except (aiohttp.ClientError, ConnectionError):
                continue

    async def post_until(self, gateway: Gateway, answered: int) -> None:
        """Post to a gateway until so many bodies were accepted."""
        self._wanted = answered
        self._enough.clear()
        self._graph.set_result(Graph(self._http, gateway.url))
        await self._enough.wait()
        self._graph = asyncio.Future()


def stored(folder: Path) -> Iterator[tuple[str, Json]]:
    """Return the operations in a database by id, without what the gateway adds."""
    with closing(sqlite3.connect(folder / "operations.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for (text,) in database.execute("SELECT document FROM operations"):
            document = json.loads(text)
            for own in ("version", "createdAt", "updatedAt", "endedAt"):
                document.pop(own, None)
            yield document["id"], document


async def test_storm_ends_as_if_all_had_come_in_order_and_once(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    ends, bodies = storm()
    sender = Sender(http, bodies)
    raining = [asyncio.create_task(sender.send_all()) for _ in range(CONNECTIONS)]
    for kill in range(1, KILLS + 1):
        with running(tmp_path, **UNTRACED) as gateway:
            await sender.post_until(gateway, len(bodies) * kill // (KILLS + 1))
            gateway.process.kill()
            gateway.process.wait()
    with running(tmp_path, **UNTRACED) as gateway:
        await sender.post_until(gateway, len(bodies))
        await asyncio.gather(*raining)

    found = dict(stored(tmp_path))
    assert len(found) == len(ends)
    assert [id_ for id_ in ends if found[id_] != ends[id_]] == []
