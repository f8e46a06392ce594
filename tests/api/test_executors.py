"""The compiled executor returns the same responses as the reference executor."""

import asyncio
import gc
import json
import re
import warnings
import weakref
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import execute
from support.gateways import LONGER, MakeDatabase
from support.paths import EXAMPLES
from support.pipelines import compiled_pipeline, reference_pipeline
from support.random_documents import requests
from support.random_mutations import mutations
from support.random_tests import RANDOM, example
from support.strategies import JSONObject, stores

from gateway.admission import cooperative_lock
from gateway.documents.json import encode
from gateway.documents.request import Answer, GraphQLRequest, Variables
from gateway.execution.live.fan_out import FanOut
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Event
from gateway.settings import Settings
from gateway.store.interface import Database, Store
from gateway.store.opening import database_of
from gateway.tasks import running
from schema import build_schema
from schema.context import ANONYMOUS, SCOPES, Context, Principal, Scope
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.paging import Position

pytestmark = pytest.mark.each_database

NAMED = "INVITE_GATEWAY_DATABASE"
SCHEMA = build_schema()

NOW = re.compile(r'"20(?!26-0[12])\d\d-\d\d-\d\dT[^"]+Z"')
"""Times of writes, which are later than those in the stored documents."""


NOBODY = Principal("nobody", frozenset())
READER = Principal("reader", frozenset({SCOPES[Scope.READ]}))
principals = st.sampled_from([ANONYMOUS, ANONYMOUS, READER, NOBODY])
GUARDED = SCOPES | {Scope.INTROSPECTION: "Schema.Read.All"}


async def normalized(
    pipeline: Pipeline,
    store: Store,
    query: str,
    variables: JSONObject,
    principal: Principal = ANONYMOUS,
) -> str:
    """Return a response as it is sent, without the times of writes.

    A request is sent again while the gateway is overloaded: a busy machine may need longer to
    connect to the database than a gateway waits.
    """
    while True:
        answer = await pipeline.execute(
            GraphQLRequest(query, None, Variables(encode(variables))),
            Context(store, store.log, principal=principal, scopes=GUARDED),
        )
        response = encode(answer.payload()).decode()
        if '"code":"OVERLOADED"' not in response:
            return NOW.sub('"now"', response)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """An empty store."""
    async with database.open() as store:
        yield store


@pytest.fixture
def reference() -> Pipeline:
    """The reference executor."""
    return reference_pipeline(SCHEMA)


@pytest.fixture
def compiled() -> Pipeline:
    """The compiled executor, with a response cache."""
    pipeline, _ = compiled_pipeline(SCHEMA, cache_bytes=1_000_000)
    return pipeline


async def fill(store: Store, documents: list[JSONObject]) -> None:
    """Store these documents, and replace those stored before."""
    await asyncio.gather(*map(store.put, documents))


@settings(RANDOM, max_examples=25 * LONGER)
@given(st.data())
async def test_queries_are_answered_alike(
    store: Store,
    reference: Pipeline,
    compiled: Pipeline,
    data: st.DataObject,
) -> None:
    before = await store.log.position()
    await fill(store, data.draw(stores))
    nowhere = Position(before.log, before.number + 1_000)
    places = [None, "", *(place.cursor() for place in (before, nowhere))]
    for _ in range(8):
        query, variables = data.draw(requests(places))
        principal = data.draw(principals)
        fast = await normalized(compiled, store, query, variables, principal)
        again = await normalized(compiled, store, query, variables, principal)

        assert fast == await normalized(reference, store, query, variables, principal)
        assert again == fast


@pytest.fixture(scope="module")
def two_urls(tmp_path_factory: pytest.TempPathFactory, new_database: MakeDatabase) -> list[str]:
    """The URLs of two databases."""
    folder = tmp_path_factory.mktemp("alike")
    defaults = [{NAMED: f"sqlite:///{folder / name}"} for name in ("one.db", "other.db")]
    urls = [(default | new_database())[NAMED] for default in defaults]
    for url in urls:
        database_of(Settings(database=url)).upgrade()
    return urls


@settings(RANDOM, max_examples=50 * LONGER)
@given(st.lists(st.tuples(mutations, principals), min_size=5, max_size=25))
async def test_mutations_are_answered_alike(
    two_urls: list[str],
    reference: Pipeline,
    compiled: Pipeline,
    writes: list[tuple[tuple[str, JSONObject], Principal]],
) -> None:
    tables = ("identities", "operations", "changes", "idempotency_keys")
    for url in two_urls:
        await execute(url, *(f"DELETE FROM {table}" for table in tables))  # noqa: S608  constants
    one_database, other_database = (database_of(Settings(database=url)) for url in two_urls)
    async with one_database.open() as one, other_database.open() as other:
        for (query, variables), principal in writes:
            fast = await normalized(compiled, one, query, variables, principal)

            assert fast == await normalized(reference, other, query, variables, principal)


@pytest.mark.parametrize("name", [path.stem for path in sorted(EXAMPLES.glob("*.graphql"))])
async def test_playground_example_is_compiled(store: Store, name: str) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA, fan_out=FanOut(store.log))
    query, variables = example(name)
    request = GraphQLRequest(query, None, Variables(encode(variables)))
    await pipeline.subscribe(request, Context(store, store.log))

    assert (executor.compiled, dict(executor.declined)) == (1, {})


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($if: Boolean!) { __schema @include(if: $if) { __typename } }", {"if": True}),
        ("query A { __typename } query B { __typename }", {}),
        ("query ($first: Int) { changes(first: $first) { totalCount } }", {"first": 1}),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": [1]}),
    ],
)
async def test_request_without_a_plan_is_released(
    store: Store, query: str, variables: JSONObject
) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    given = []
    gc.collect()
    gc.disable()  # it would collect what is not released
    try:
        for _ in range(3):
            request = GraphQLRequest(query, None, Variables(encode(variables)))
            given.append(weakref.ref(request.variables))
            await pipeline.execute(request, Context(store, store.log))
            del request
        assert executor.compiled == 0
        assert [one() for one in given] == [None] * 3
    finally:
        gc.enable()


async def test_cancelled_executions_leave_no_coroutines(
    store: Store, reference: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cooperative_lock, "SLICE_SECONDS", 0)  # so that it yields at each item
    for number in range(12):
        await store.create(CreateInviteParticipantsOperationInput(id=str(number)))
    query = """{
        list: inviteParticipantsOperations { nodes { history { nodes { kind } } } }
        count: inviteParticipantsOperations { totalCount }
    }"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for steps in range(60):
            await cancelled(normalized(reference, store, query, {}), steps)
        gc.collect()

    assert '"data"' in await normalized(reference, store, query, {})
    assert [str(warning.message) for warning in caught] == []


async def test_cancelled_subscriptions_leave_no_coroutines(
    store: Store, reference: Pipeline
) -> None:
    after = (await store.log.position()).cursor()
    await store.create(CreateInviteParticipantsOperationInput(id="1"))
    query = """
        subscription ($after: String) {
          changes(after: $after) {
            operation { one: history { nodes { kind } } other: history { nodes { kind } } }
          }
        }
    """
    request = GraphQLRequest(query, None, Variables(encode({"after": after})))
    sink = FirstEvent()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for steps in range(60):
            subscription = await reference.subscribe(request, Context(store, store.log))
            assert not isinstance(subscription, Answer)
            await cancelled(subscription.run(sink), steps)
        gc.collect()

    subscription = await reference.subscribe(request, Context(store, store.log))
    assert not isinstance(subscription, Answer)
    async with running(subscription.run(sink)):
        assert b'"other":{"nodes":[{"kind"' in await sink.payload
    assert [str(warning.message) for warning in caught] == []


class FirstEvent:
    """A client that waits for one event."""

    def __init__(self) -> None:
        self.payload = asyncio.Future[bytes]()

    def send(self, *events: Event) -> bool:
        if not self.payload.done():
            self.payload.set_result(events[0].payload)
        return True

    async def drain(self) -> None:
        """Return at once."""


async def cancelled(work: Coroutine[Any, Any, Any], steps: int) -> None:
    """Run work for a number of steps of the event loop, and cancel it."""
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


LOG_READERS = {
    "changes": """
        query ($first: Int, $after: String) {
          changes(first: $first, after: $after) { nodes { kind operation { id status } } }
        }
    """,
    "history of each": """
        query ($first: Int) {
          inviteParticipantsOperations(first: $first) {
            changeCursor
            nodes { id history(first: 1) { nodes { operation { history { nodes { at } } } } } }
          }
        }
    """,
    "histories of one": """
        query ($first: Int) {
          node(id: 1) {
            ... on InviteParticipantsOperation {
              a: history(first: $first) { nodes { kind } }
              version: status
              history { pageInfo { endCursor } }
            }
          }
        }
    """,
}


@pytest.mark.parametrize("query", LOG_READERS.values(), ids=LOG_READERS)
async def test_readers_of_the_log_are_compiled(
    store: Store, reference: Pipeline, query: str
) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    await store.create(CreateInviteParticipantsOperationInput(id="1"))
    variables = {"first": 1}
    compiled = await normalized(pipeline, store, query, variables)

    assert compiled == await normalized(reference, store, query, variables)
    assert executor.compiled == 1


async def test_history_under_a_mutation_fails_alone(store: Store, compiled: Pipeline) -> None:
    query = """
        mutation {
          one: createInviteParticipantsOperation(input: {id: "1"}) { operation { id } }
          two: createInviteParticipantsOperation(input: {id: "2"}) {
            operation { history(after: "nowhere") { nodes { kind } } } errors { code }
          }
        }
    """
    answer = json.loads(await normalized(compiled, store, query, {}))

    assert answer["data"] == {
        "one": {"operation": {"id": "1"}},
        "two": {"operation": None, "errors": []},
    }
    assert answer["errors"][0]["path"] == ["two", "operation", "history"]


FORBIDDEN: dict[str, tuple[str, JSONObject | None]] = {
    "a field that may be null": (
        '{ node(id: "1") { id } __typename }',
        {"node": None, "__typename": "Query"},
    ),
    "a field that may not be null": (
        '{ node(id: "1") { id } changes { nodes { kind } } }',
        None,
    ),
    "a type of the schema": (
        '{ __type(name: "Query") { name } node(id: "1") { id } }',
        {"__type": None, "node": None},
    ),
    "the schema": (
        "{ __schema { queryType { name } } __typename }",
        None,
    ),
    "mutations": (
        """
        mutation {
          a: createInviteParticipantsOperation(input: {id: "1"}) { operation { id } }
          b: deleteInviteParticipantsOperation(input: {id: "1"}) { deletedId }
        }
        """,
        None,
    ),
}


@pytest.mark.parametrize(("query", "data"), FORBIDDEN.values(), ids=FORBIDDEN)
async def test_forbidden_fields_have_equal_responses(
    store: Store,
    reference: Pipeline,
    compiled: Pipeline,
    query: str,
    data: JSONObject | None,
) -> None:
    fast = await normalized(compiled, store, query, {}, NOBODY)
    answer = json.loads(fast)

    assert fast == await normalized(reference, store, query, {}, NOBODY)
    assert answer["data"] == data
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}


async def test_operations_that_are_not_compiled_are_counted_by_reason(store: Store) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    for query in ("{ __schema { queryType { name } } }", "{ nodes(ids: [7]) { id } }"):
        await normalized(pipeline, store, query, {})
    await normalized(pipeline, store, "query ($id: ID!) { node(id: $id) { id } }", {"id": 7})

    assert (executor.compiled, dict(executor.declined)) == (
        1,
        {"introspection": 1, "a value to coerce": 1},
    )
