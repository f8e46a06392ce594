"""The licence of the compiled executor: what it answers is what the reference executor answers."""

import asyncio
import gc
import json
import re
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import LONGER
from documents import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pipelines import compiled_pipeline, reference_pipeline
from strategies import JSONObject, operations, stores

from gateway.documents.json import encode
from gateway.documents.request import GraphQLRequest, Variables
from gateway.execution.live.fan_out import FanOut
from gateway.execution.pipeline import Pipeline
from gateway.store.migrate import upgrade
from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store
from schema import build_schema
from schema.context import ANYBODY, SCOPES, Context, Principal, Scope
from schema.inputs import CreateInviteParticipantsOperationInput
from schema.paging import Position

SCHEMA = build_schema()
EXAMPLES = Path(__file__).parent.parent / "gateway" / "web" / "playground" / "examples"

NOW = re.compile(r'"20(?!26-0[12])\d\d-\d\d-\d\dT[^"]+Z"')
"""Times of writing, which are later than those in the documents written."""

RANDOM = settings(
    deadline=None,
    phases=set(Phase) - {Phase.explain},  # which takes a minute, and says little
    suppress_health_check=list(HealthCheck),  # one store serves all examples
)


NOBODY = Principal("nobody", frozenset())
READER = Principal("reader", frozenset({SCOPES[Scope.READ]}))
principals = st.sampled_from([ANYBODY, ANYBODY, READER, NOBODY])
GUARDED = SCOPES | {Scope.INTROSPECTION: "Schema.Read.All"}


async def answered(
    pipeline: Pipeline,
    store: SQLiteStore,
    query: str,
    variables: JSONObject,
    principal: Principal = ANYBODY,
) -> str:
    """Give the answer as it is sent, with the times of writing left out."""
    answer = await pipeline.execute(
        GraphQLRequest(query, None, Variables(encode(variables))),
        Context(store, store.log, principal=principal, scopes=GUARDED),
    )
    return NOW.sub('"now"', encode(answer.payload()).decode())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    """An empty store."""
    upgrade(tmp_path / "one.db")
    async with open_sqlite_store(tmp_path / "one.db") as store:
        yield store


@pytest.fixture
def reference() -> Pipeline:
    """The executor that is right."""
    return reference_pipeline(SCHEMA)


@pytest.fixture
def compiled() -> Pipeline:
    """The executor that is fast, and remembers."""
    pipeline, _ = compiled_pipeline(SCHEMA, remembered_bytes=1_000_000)
    return pipeline


async def fill(store: SQLiteStore, documents: list[JSONObject]) -> None:
    """Hold these documents, and those held before with other ids."""
    await asyncio.gather(*map(store.put, documents))


@settings(RANDOM, max_examples=50 * LONGER)
@given(st.data())
async def test_queries_are_answered_alike(
    store: SQLiteStore,
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
        fast = await answered(compiled, store, query, variables, principal)
        again = await answered(compiled, store, query, variables, principal)

        assert fast == await answered(reference, store, query, variables, principal)
        assert again == fast


PAYLOAD = """
  operation { __typename id v: version status clientContext resultInfo { code } additionalProperties
    participants { identity { user { id } phone { id displayName } } } createdAt }
  errors { __typename code message path
    ... on ConflictError { current { id version } } ... on AlreadyExistsError { current { id } } }
"""
CREATE = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    createInviteParticipantsOperation(input: $input) {{ {PAYLOAD} }}
  }}
"""
UPSERT = f"""
  mutation ($input: CreateInviteParticipantsOperationInput!) {{
    upsertInviteParticipantsOperation(input: $input) {{ created {PAYLOAD} }}
  }}
"""
CREATE_MANY = f"""
  mutation ($inputs: [CreateInviteParticipantsOperationInput!]!, $atomic: Boolean!) {{
    createInviteParticipantsOperations(inputs: $inputs, atomic: $atomic) {{
      createdCount results {{ {PAYLOAD} }}
    }}
  }}
"""
UPDATE = f"""
  mutation ($input: UpdateInviteParticipantsOperationInput!, $id: ID!) {{
    updateInviteParticipantsOperation(input: $input) {{ {PAYLOAD} }}
    again: updateInviteParticipantsOperation(input: {{id: $id, status: Failed}}) {{ {PAYLOAD} }}
  }}
"""
DELETE = """
  mutation ($input: DeleteInviteParticipantsOperationInput!) {
    deleteInviteParticipantsOperation(input: $input) { deletedId errors { code message path } }
  }
"""


def _input(operation: JSONObject) -> JSONObject:
    server_fields = {"version", "createdAt", "updatedAt"}
    return {name: value for name, value in operation.items() if name not in server_fields}


_odd = st.sampled_from(
    [
        {},
        {"status": None},
        {"participants": None},
        {"clientContext": "c" * 257},
        {"clientContext": 7},
        {"callId": "\0"},
        {"additionalProperties": {"n": [1, 1.5, 10**30, None], "id": 1}},
        {"additionalProperties": {"n": [1, 1.0, 10**30, None]}},
        {"unknown": 1},
        {"ifVersion": 1},
    ]
)
inputs = st.builds(lambda operation, odd: _input(operation) | odd, operations, _odd)
mutations: st.SearchStrategy[tuple[str, JSONObject]] = st.one_of(
    st.builds(lambda given: (CREATE, {"input": given}), inputs),
    st.builds(lambda given: (UPSERT, {"input": given}), inputs),
    st.builds(lambda given: (UPDATE, {"input": given, "id": given["id"]}), inputs),
    st.builds(lambda given: (DELETE, {"input": {"id": given["id"]}}), inputs),
    st.builds(
        lambda many, atomic: (CREATE_MANY, {"inputs": many, "atomic": atomic}),
        st.lists(inputs, max_size=3),
        st.booleans(),
    ),
)


@settings(RANDOM, max_examples=50 * LONGER)
@given(st.lists(st.tuples(mutations, principals), min_size=5, max_size=25))
async def test_mutations_are_answered_alike(
    tmp_path_factory: pytest.TempPathFactory,
    reference: Pipeline,
    compiled: Pipeline,
    writes: list[tuple[tuple[str, JSONObject], Principal]],
) -> None:
    folder = tmp_path_factory.mktemp("alike")
    for name in ("one.db", "other.db"):
        upgrade(folder / name)
    async with (
        open_sqlite_store(folder / "one.db") as one,
        open_sqlite_store(folder / "other.db") as other,
    ):
        for (query, variables), principal in writes:
            fast = await answered(compiled, one, query, variables, principal)

            assert fast == await answered(reference, other, query, variables, principal)


@pytest.mark.parametrize("name", [path.stem for path in sorted(EXAMPLES.glob("*.graphql"))])
async def test_playground_example_is_compiled(store: SQLiteStore, name: str) -> None:
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
async def test_request_without_a_plan_is_let_go_of(
    store: SQLiteStore, query: str, variables: JSONObject
) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    given = []
    gc.collect()
    gc.disable()  # it would find what only time would lead it to
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
async def test_what_reads_the_log_is_compiled(
    store: SQLiteStore, reference: Pipeline, query: str
) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    await store.create(CreateInviteParticipantsOperationInput(id="1"))
    variables = {"first": 1}
    compiled = await answered(pipeline, store, query, variables)

    assert compiled == await answered(reference, store, query, variables)
    assert executor.compiled == 1


async def test_history_under_a_mutation_fails_alone(store: SQLiteStore, compiled: Pipeline) -> None:
    query = """
        mutation {
          one: createInviteParticipantsOperation(input: {id: "1"}) { operation { id } }
          two: createInviteParticipantsOperation(input: {id: "2"}) {
            operation { history(after: "nowhere") { nodes { kind } } } errors { code }
          }
        }
    """
    answer = json.loads(await answered(compiled, store, query, {}))

    assert answer["data"] == {
        "one": {"operation": {"id": "1"}},
        "two": {"operation": None, "errors": []},
    }
    assert answer["errors"][0]["path"] == ["two", "operation", "history"]


def example(name: str) -> tuple[str, JSONObject]:
    """Read an example tab's document and variables."""
    document, variables = EXAMPLES / f"{name}.graphql", EXAMPLES / f"{name}.json"
    return document.read_text(), json.loads(variables.read_text())


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
async def test_what_is_forbidden_is_answered_alike(
    store: SQLiteStore,
    reference: Pipeline,
    compiled: Pipeline,
    query: str,
    data: JSONObject | None,
) -> None:
    fast = await answered(compiled, store, query, {}, NOBODY)
    answer = json.loads(fast)

    assert fast == await answered(reference, store, query, {}, NOBODY)
    assert answer["data"] == data
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}


async def test_what_is_not_compiled_is_counted_by_its_reason(store: SQLiteStore) -> None:
    pipeline, executor = compiled_pipeline(SCHEMA)
    for query in ("{ __schema { queryType { name } } }", "{ nodes(ids: [7]) { id } }"):
        await answered(pipeline, store, query, {})
    await answered(pipeline, store, "query ($id: ID!) { node(id: $id) { id } }", {"id": 7})

    assert (executor.compiled, dict(executor.declined)) == (
        1,
        {"introspection": 1, "a value to coerce": 1},
    )
