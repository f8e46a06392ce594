"""Subscriptions: their events, order, start and independence."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from support.documents import FOLLOW
from support.gateways import LONGER, Client, MakeDatabase, memory, running
from support.sockets import Socket, connected

pytestmark = [pytest.mark.each_database, pytest.mark.usefixtures("database_url")]

STATES = """
    subscription States($id: ID!) {
      inviteParticipantsOperation(id: $id) { id version status }
    }
"""


@pytest.fixture(scope="module", params=["compiled", "reference"])
def either(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_database: MakeDatabase,
) -> Iterator[str]:
    """The URL of a gateway with either executor."""
    folder = tmp_path_factory.mktemp("gateway")
    with running(folder, "--executor", request.param, **new_database()) as gateway:
        yield gateway.url


@pytest.fixture
async def client(http: aiohttp.ClientSession, either: str) -> Client:
    """A client of it."""
    return Client(http, either)


@pytest.fixture
async def socket(http: aiohttp.ClientSession, either: str) -> AsyncIterator[Socket]:
    """A WebSocket to it."""
    async with connected(http, either) as socket:
        yield socket


async def test_change_comes_after_it_was_made(client: Client, socket: Socket) -> None:
    await socket.subscribe(FOLLOW, after=await client.change_cursor())
    id_ = await client.create(clientContext="one")
    await client.update(id=id_, clientContext="two")
    await client.delete(id_)
    changes = [await socket.change() for _ in range(3)]

    assert [
        (change["kind"], change["operationId"], change["version"], change["state"])
        for change in changes
    ] == [
        ("CREATED", id_, 1, {"clientContext": "one"}),
        ("UPDATED", id_, 2, {"clientContext": "two"}),
        ("DELETED", id_, 2, {"clientContext": "two"}),
    ]


async def test_operation_of_a_change_is_never_older_than_one_sent_before(
    client: Client, socket: Socket
) -> None:
    query = """
        subscription ($after: String) {
          changes(after: $after) { kind version state { version } operation { id version } }
        }
    """
    after = await client.change_cursor()
    id_ = await client.create()
    for number in range(4):
        await client.update(id=id_, clientContext=str(number))
    await socket.subscribe(query, after=after)
    replayed = [await socket.change() for _ in range(5)]
    for number in range(4, 7):
        await client.update(id=id_, clientContext=str(number))
    live = [await socket.change() for _ in range(3)]
    await client.delete(id_)
    deleted = await socket.change()

    changes = [*replayed, *live]
    versions = [change["operation"]["version"] for change in changes]
    assert [change["state"]["version"] for change in changes] == list(range(1, 9))
    assert versions[:5] == [5] * 5
    assert versions == sorted(versions)
    assert deleted == {"kind": "DELETED", "version": 8, "state": {"version": 8}, "operation": None}


async def test_subscriber_without_a_place_begins_now(client: Client, socket: Socket) -> None:
    before = await client.create()
    await socket.subscribe(FOLLOW)
    coming = asyncio.create_task(socket.change())
    created = []
    while not coming.done():
        created.append(await client.create())
    first = await coming

    assert before != first["operationId"]
    assert first["operationId"] in created


async def test_subscription_resumes_after_a_cursor(
    client: Client, http: aiohttp.ClientSession
) -> None:
    after: str | None = await client.change_cursor()
    created = [await client.create() for _ in range(3)]
    seen = []
    for _ in range(4):
        async with connected(http, client.url) as socket:
            await socket.subscribe(FOLLOW, after=after)
            created.append(await client.create())
            for _ in range(2 if len(created) < 7 else 1):
                change = await socket.change()
                seen.append(change["operationId"])
                after = change["cursor"]

    assert seen == created


async def test_filter_takes_a_change_that_matches_before_or_after(
    client: Client, socket: Socket
) -> None:
    query = """
        subscription ($after: String, $filter: InviteParticipantsOperationFilter) {
          changes(after: $after, filter: $filter) { version }
        }
    """
    after = await client.change_cursor()
    context = f"wanted after {after}"
    await socket.subscribe(query, after=after, filter={"clientContext": {"eq": context}})
    id_ = await client.create(clientContext="other")
    for text in (context, "other", "another", context):
        await client.update(id=id_, clientContext=text)
    live = [(await socket.change())["version"] for _ in range(3)]
    await socket.send(type="complete", id="1")
    await socket.subscribe(query, "2", after=after, filter={"clientContext": {"eq": context}})
    read = [(await socket.change("2"))["version"] for _ in range(3)]

    assert live == [2, 3, 5]
    assert read == live


async def test_filter_that_takes_long_takes_all_changes_in_their_order(
    client: Client, http: aiohttp.ClientSession
) -> None:
    query = """
        subscription ($after: String!, $filter: InviteParticipantsOperationFilter!) {
          changes(after: $after, filter: $filter) { operationId }
        }
    """
    texts = [f"zz{number}" for number in range(90)] + ["é"]
    named = [{"identity": {"any": {"displayName": {"contains": text}}}} for text in texts]
    where = {"participants": {"some": {"or": named}}}
    other, wanted = ({"identity": {"guest": {"displayName": name}}} for name in ("a" * 99, "Zoé"))
    after, created = await client.change_cursor(), []
    async with connected(http, client.url) as one, connected(http, client.url) as another:
        for socket in (one, another):
            await socket.subscribe(query, after=after, filter=where)
        for others in (150, 0, 150, 1):
            created.append(await client.create(participants=[other] * others + [wanted]))
            await client.create(participants=[other] * others)
        await client.update(id=created[0], participants=[])
        await client.update(id=created[0], clientContext="of no interest")
        await client.update(id=created[2], clientContext="of interest")
        seen = [
            [(await socket.change())["operationId"] for _ in range(6)] for socket in (one, another)
        ]

    assert seen == [[*created, created[0], created[2]]] * 2


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ("", ["CREATED", "UPDATED", "DELETED"]),
        (", kinds: null", ["CREATED", "UPDATED", "DELETED"]),
        (", kinds: [DELETED, CREATED]", ["CREATED", "DELETED"]),
        (", kinds: []", []),
    ],
)
async def test_kinds_select_the_changes(
    client: Client, socket: Socket, kinds: str, wanted: list[str]
) -> None:
    after = await client.change_cursor()
    id_ = await client.create()
    await client.update(id=id_, status="Running")
    await socket.subscribe(
        f"subscription ($a: String) {{ changes(after: $a{kinds}) {{ kind }} }}", a=after
    )
    await client.delete(id_)
    came = [(await socket.change())["kind"] for _ in wanted]
    await socket.subscribe(FOLLOW, "end", after=await client.change_cursor())
    await client.create()

    ids = {"1", "end"} if "CREATED" in wanted else {"end"}

    assert came == wanted
    assert {(await socket.message())["id"] for _ in ids} == ids


async def test_operation_comes_as_it_is_and_after_each_change(
    client: Client, socket: Socket
) -> None:
    id_ = await client.create()
    await socket.subscribe(STATES, id=id_)
    states = [await socket.payload()]
    for status in ("Running", "Completed", "Failed"):
        await client.update(id=id_, status=status)
        states.append(await socket.payload())
    await client.delete(id_)
    states.append(await socket.payload())

    assert [state["data"]["inviteParticipantsOperation"] for state in states] == [
        {"id": id_, "version": 1, "status": "NotStarted"},
        {"id": id_, "version": 2, "status": "Running"},
        {"id": id_, "version": 3, "status": "Completed"},
        {"id": id_, "version": 4, "status": "Failed"},
        None,
    ]
    assert await socket.message() == {"type": "complete", "id": "1"}


async def test_operation_that_does_not_exist_is_null_and_complete(socket: Socket) -> None:
    await socket.subscribe(STATES, id="nothing has this id")

    assert await socket.payload() == {"data": {"inviteParticipantsOperation": None}}
    assert await socket.message() == {"type": "complete", "id": "1"}


async def test_no_state_is_missed_while_it_is_written(client: Client, socket: Socket) -> None:
    id_ = await client.create()
    writing = [
        asyncio.create_task(client.update(id=id_, clientContext=str(number)))
        for number in range(20)
    ]
    await socket.subscribe(STATES, id=id_)
    await asyncio.gather(*writing)
    versions: list[int] = []
    while not versions or versions[-1] < 21:
        state = await socket.payload()
        versions.append(state["data"]["inviteParticipantsOperation"]["version"])

    assert versions == list(range(versions[0], 22))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { changes { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes(after: 1", "GRAPHQL_PARSE_FAILED"),
        ('subscription { changes(after: "elsewhere") { kind } }', "BAD_USER_INPUT"),
        ("subscription { changes(filter: {id: {eq: null}}) { kind } }", "BAD_USER_INPUT"),
        ("subscription ($a: String!) { changes(after: $a) { kind } }", "BAD_USER_INPUT"),
        ("subscription { a: changes { kind } b: changes { kind } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_subscription_that_cannot_begin_is_an_error(
    socket: Socket, query: str, code: str
) -> None:
    await socket.subscribe(query)
    message = await socket.message()

    assert (message["type"], message["id"]) == ("error", "1")
    assert message["payload"][0]["extensions"]["code"] == code


async def test_subscription_by_post_is_refused_with_the_alternatives(client: Client) -> None:
    answer = await client.answer(FOLLOW)

    assert "data" not in answer
    assert "WebSocket" in answer["errors"][0]["message"]


async def test_stalled_client_does_not_delay_others(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    query = """
        subscription ($after: String) {
          changes(after: $after) { operation { id additionalProperties } }
        }
    """
    with running(tmp_path, "--heartbeat-seconds", "600") as gateway:
        client = Client(http, gateway.url)
        after = await client.change_cursor()
        async with connected(http, gateway.url) as reading, connected(http, gateway.url) as stalled:
            await reading.subscribe(query, after=after)
            for number in range(5):
                await stalled.subscribe(query, f"s{number}", after=after)
            before = memory(gateway)
            created = []
            for part in range(20):
                ids = [f"{part}-{number}" for number in range(60)]
                large = {"text": "x" * 15_000}
                inputs = [{"id": id_, "additionalProperties": large} for id_ in ids]
                await client.create_many(inputs)
                created += ids
                came = [(await reading.change())["operation"]["id"] for _ in ids]

                assert came == ids
            grown = memory(gateway) - before
            await stalled.send(type="complete", id="s4")
            seen: dict[str, list[str]] = {f"s{number}": [] for number in range(5)}
            while any(len(seen[f"s{number}"]) < len(created) for number in range(4)):
                message = await stalled.message()
                operation = message["payload"]["data"]["changes"]["operation"]
                seen[message["id"]].append(operation["id"])

    ended = seen.pop("s4")
    assert all(ids == created for ids in seen.values())
    assert ended == created[: len(ended)]
    assert len(ended) < len(created)
    assert grown < 60_000_000 < 5 * len(created) * 15_000


class Follower:
    """A subscriber that is disconnected repeatedly, and resumes from its last cursor."""

    def __init__(self, http: aiohttp.ClientSession, after: str, *, seed: int) -> None:
        self._http = http
        self._after = after
        self._random = random.Random(seed)  # noqa: S311  nothing is secret here
        self.seen: list[tuple[str, int]] = []

    async def follow(self, url: str, count: int) -> None:
        """Follow until ``count`` changes were received, or the gateway has stopped."""
        while len(self.seen) < count:
            async with connected(self._http, url) as socket:
                await socket.subscribe(FOLLOW, after=self._after)
                for _ in range(min(self._random.randint(1, 300), count - len(self.seen))):
                    change = await socket.change()
                    self.seen.append((change["operationId"], change["version"]))
                    self._after = change["cursor"]


async def write(client: Client, name: str, count: int) -> None:
    """Create an operation if it does not exist, and update it a number of times."""
    await client.create(id=name)
    for number in range(1, count):
        await client.update(id=name, clientContext=str(number))


async def read_log(client: Client) -> list[tuple[str, int]]:
    """Return the whole change log."""
    query = """
        query ($after: String) {
          changes(first: 500, after: $after) {
            nodes { operationId version } pageInfo { endCursor hasNextPage }
          }
        }
    """
    found, after, more = [], None, True
    while more:
        page = (await client.data(query, after=after))["changes"]
        found += [(node["operationId"], node["version"]) for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


async def test_nothing_is_lost_or_repeated_whatever_breaks(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    writers, each = 8, 125 * LONGER
    broken = (aiohttp.ClientError, ConnectionError, TypeError, AssertionError)
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        after = await client.change_cursor()
        followers = [Follower(http, after, seed=seed) for seed in range(5)]
        following = [
            asyncio.create_task(follower.follow(gateway.url, 10**9)) for follower in followers
        ]
        await asyncio.gather(*(write(client, f"a{n}", each) for n in range(writers)))
        writing = [asyncio.create_task(write(client, f"b{n}", 10**9)) for n in range(writers)]
        await Follower(http, after, seed=-1).follow(gateway.url, writers * each * 2)
        gateway.stop(signal.SIGKILL)
        for task in following + writing:
            with suppress(*broken):
                await task
    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        await asyncio.gather(*(write(client, f"c{n}", each // 2) for n in range(writers)))
        log = await read_log(client)
        await asyncio.gather(*(follower.follow(gateway.url, len(log)) for follower in followers))

    assert len(log) >= writers * each * 2
    for follower in followers:
        assert follower.seen == log


async def test_changes_of_all_workers_come_in_the_order_of_the_log(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    writers, each = 8, 25
    with running(tmp_path, "--workers", "2") as gateway:
        client = Client(http, gateway.url)
        after = await client.change_cursor()
        followers = [Follower(http, after, seed=seed) for seed in range(4)]
        await asyncio.gather(
            *(follower.follow(gateway.url, writers * each) for follower in followers),
            *(write(client, f"w{number}", each) for number in range(writers)),
        )
        log = await read_log(client)

    assert len(log) == writers * each
    for follower in followers:
        assert follower.seen == log
