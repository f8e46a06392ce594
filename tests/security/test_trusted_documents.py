"""Trusted and persisted documents: those of manifests, and those that clients sent before."""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateways import Client, Command, Gateway, children, running
from support.node import PROGRAMS, run
from support.paths import TOOLS
from support.sockets import connected
from support.waiting import wait_until

Json = Any

RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"

COUNT = "query Count { inviteParticipantsOperations { totalCount } }"
NODE = "query Node($id: ID!) { node(id: $id) { id } }"
CREATE = """mutation Create($id: ID) {
  createInviteParticipantsOperation(input: { id: $id }) { operation { id } } }"""
FOLLOW = "subscription Follow($id: ID!) { inviteParticipantsOperation(id: $id) { version } }"
UNKNOWN = "query Unknown { inviteParticipantsOperations(first: 1) { totalCount } }"
NAME = {"data": {"__typename": "Query"}}
COUNTED = {"data": {"inviteParticipantsOperations": {"totalCount": 0}}}


def hash_of(text: str) -> str:
    """Return a document's SHA-256 hash."""
    return sha256(text.encode()).hexdigest()


def apollo(**documents: str) -> Json:
    """Return a manifest in Apollo's format."""
    operations = [
        {"id": id_, "name": id_.title(), "type": "query", "body": text}
        for id_, text in documents.items()
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


def write_manifest(path: Path, manifest: Json) -> str:
    """Write a manifest and return its path."""
    path.write_text(json.dumps(manifest))
    return str(path)


def folder_of_all(path: Path) -> str:
    """Write manifests of every kind and return their folder."""
    path.mkdir()
    write_manifest(path / "apollo.json", apollo(**{"apollo-count": COUNT, hash_of(NODE): NODE}))
    write_manifest(
        path / "relay.json", {"0123456789abcdef0123456789abcdef": CREATE, "follow": FOLLOW}
    )
    (path / "name.graphql").write_text("{ __typename }\n")
    (path / "notes.txt").write_text("No manifest.")
    return str(path)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with manifests that executes other documents as well."""
    folder = tmp_path_factory.mktemp("known")
    with running(folder, "--documents", folder_of_all(folder / "documents")) as gateway:
        yield gateway.url


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that executes only the documents of its manifests."""
    folder = tmp_path_factory.mktemp("strict")
    documents = folder_of_all(folder / "documents")
    with running(folder, "--documents", documents, "--trusted-documents", "only") as gateway:
        yield gateway.url


@pytest.fixture
def allowing(http: aiohttp.ClientSession, known: str) -> Client:
    return Client(http, known)


@pytest.fixture
def only(http: aiohttp.ClientSession, strict: str) -> Client:
    return Client(http, strict)


@pytest.fixture
async def scattered() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client with a connection for each request: they are spread over the workers."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


def ready(gateway: Gateway) -> list[str]:
    """Return the log lines that announce that a worker is serving."""
    return [line for line in gateway.log if re.search(r"Worker \d+ answers", line)]


async def post(client: Client, accept: str = RESPONSE, **body: Json) -> tuple[int, Json]:
    """Send a request by POST; return the status and the response."""
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers={"Accept": accept}
    ) as response:
        return response.status, await response.json(content_type=None)


async def get(
    client: Client, accept: str = RESPONSE, known: str = "", **parameters: Json
) -> tuple[int, Json]:
    """Send a request by GET; return the status and the response, or a 304's ETag."""
    params = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
    }
    headers = {"Accept": accept, "If-None-Match": known}
    async with client.session.get(
        f"{client.url}/graphql", params=params, headers=headers
    ) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


async def by_websocket(client: Client, **payload: Json) -> tuple[str, Json]:
    """Send a request over a WebSocket; return the first message's type and payload."""
    async with connected(client.session, client.url) as socket:
        await socket.send(type="subscribe", id="1", payload=payload)
        message = await socket.message()
        return message["type"], message["payload"]


async def error_code(client: Client, status: int = 400, **body: Json) -> str:
    """Send a request by POST that is refused; return the code."""
    answered, answer = await post(client, **body)
    assert (answered, list(answer)) == (status, ["errors"]), answer
    (error,) = answer["errors"]
    assert error["message"]
    code_: str = error["extensions"]["code"]
    return code_


def persisted(id_: Json, version: Json = 1) -> Json:
    """Return the extensions of a persisted query, as Apollo's clients send them."""
    return {"persistedQuery": {"version": version, "sha256Hash": id_}}


IDS = [
    ({"documentId": "apollo-count"}, COUNT),
    ({"documentId": hash_of(COUNT)}, COUNT),
    ({"documentId": f"sha256:{hash_of(COUNT)}"}, COUNT),
    ({"doc_id": "apollo-count"}, COUNT),
    ({"extensions": persisted("apollo-count")}, COUNT),
    ({"extensions": persisted(hash_of(COUNT))}, COUNT),
    ({"documentId": hash_of("{ __typename }\n")}, "{ __typename }"),
    ({"documentId": hash_of(NODE), "variables": {"id": "none"}}, NODE),
    ({"documentId": f"sha256:{hash_of(NODE)}", "variables": {"id": "none"}}, NODE),
    ({"extensions": persisted(hash_of(NODE)), "variables": {"id": "none"}}, NODE),
    ({"documentId": "apollo-count", "operationName": "Count"}, COUNT),
    ({"documentId": "apollo-count", "query": None, "doc_id": None, "extensions": {}}, COUNT),
    ({"documentId": "apollo-count", "query": COUNT}, COUNT),
    ({"documentId": "apollo-count", "query": ""}, COUNT),
    ({"documentId": "apollo-count", "operationName": ""}, COUNT),
    ({"extensions": persisted(hash_of(COUNT)), "operationName": ""}, COUNT),
]


@pytest.mark.parametrize("body", [body for body, _ in IDS], ids=str)
@pytest.mark.parametrize("mode", ["known", "strict"])
async def test_document_of_a_manifest_runs_by_its_id(
    http: aiohttp.ClientSession, request: pytest.FixtureRequest, body: Json, mode: str
) -> None:
    client = Client(http, request.getfixturevalue(mode))
    given = {name: value for name, value in body.items() if value is not None}
    status, posted = await post(client, **body)

    assert (status, list(posted)) == (200, ["data"])
    assert await get(client, **given) == (200, posted)
    assert await by_websocket(client, **body) == ("next", posted)


async def test_document_by_its_id_answers_as_its_text(allowing: Client) -> None:
    for body, text in IDS:
        plain = await post(allowing, query=text, variables=body.get("variables", {}))

        assert await post(allowing, **body) == plain


async def test_relays_md5_names_a_mutation_which_get_does_not_run(only: Client) -> None:
    id_ = "0123456789abcdef0123456789abcdef"
    status, created = await post(only, doc_id=id_, variables={"id": "made"})
    refused, _ = await get(only, doc_id=id_)

    payload = {"operation": {"id": "made"}}
    assert (status, created["data"]["createInviteParticipantsOperation"]) == (200, payload)
    assert refused == 405


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_subscription_by_its_id_streams(only: Client, method: str) -> None:
    parameters: Json = {"documentId": "follow", "variables": {"id": "nothing"}}
    if method == "GET":
        parameters["variables"] = json.dumps(parameters["variables"])
    sent = {"params" if method == "GET" else "json": parameters}
    async with only.session.request(
        method, f"{only.url}/graphql", headers={"Accept": EVENT_STREAM}, **sent
    ) as response:
        text = await response.content.readuntil(b"\n\n")
        while b"data" not in text:
            text = await response.content.readuntil(b"\n\n")

    assert response.content_type == EVENT_STREAM
    assert b'{"data":{"inviteParticipantsOperation":null}}' in text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"documentId": "nothing"}, NOT_FOUND),
        ({"documentId": "sha256:nothing"}, NOT_FOUND),
        ({"documentId": f"sha256:{hash_of(COUNT).upper()}"}, NOT_FOUND),
        ({"documentId": f"md5:{hash_of(COUNT)}"}, NOT_FOUND),
        ({"doc_id": "x" * 100_000}, NOT_FOUND),
        ({"documentId": "\ud800"}, NOT_FOUND),
        ({"extensions": persisted("nothing")}, QUERY_NOT_FOUND),
        ({"extensions": persisted(hash_of("{ a }"))}, QUERY_NOT_FOUND),
        ({"extensions": persisted("apollo-count", 2)}, "BAD_USER_INPUT"),
        ({"extensions": persisted(1)}, "BAD_USER_INPUT"),
        ({"extensions": persisted("")}, "BAD_USER_INPUT"),
        ({"extensions": {"persistedQuery": "apollo-count"}}, "BAD_USER_INPUT"),
        ({"extensions": {"persistedQuery": None}}, "BAD_USER_INPUT"),
        ({"extensions": {}}, "BAD_USER_INPUT"),
        ({"documentId": "apollo-count", "doc_id": "apollo-count"}, "BAD_USER_INPUT"),
        ({"documentId": "follow", "extensions": persisted("follow")}, "BAD_USER_INPUT"),
        ({"documentId": 1}, "BAD_USER_INPUT"),
        ({"doc_id": 1}, "BAD_USER_INPUT"),
        ({"documentId": ""}, "BAD_USER_INPUT"),
        ({"query": UNKNOWN, "documentId": "apollo-count"}, "BAD_USER_INPUT"),
        ({"query": UNKNOWN, "documentId": "unknown"}, "BAD_USER_INPUT"),
        ({"query": UNKNOWN, "documentId": f"sha256:{hash_of(COUNT)}"}, "BAD_USER_INPUT"),
        ({"query": UNKNOWN, "extensions": persisted(hash_of(COUNT))}, "BAD_USER_INPUT"),
    ],
    ids=lambda value: ascii(value)[:70],
)
async def test_id_that_names_no_document_is_refused(
    allowing: Client, body: Json, expected: str
) -> None:
    status, answer = await post(allowing, **body)
    (error,) = answer["errors"]

    assert (status, list(answer)) == (400, ["errors"])
    assert error["extensions"]["code"] == expected
    assert len(error["message"]) < 400


async def test_unknown_id_is_refused_in_each_transports_way(allowing: Client) -> None:
    plain, answer = await post(allowing, "application/json", documentId="nothing")
    kind, errors = await by_websocket(allowing, extensions=persisted("nothing"))
    gotten, same = await get(allowing, documentId="nothing")

    assert (plain, gotten) == (200, 400)
    assert answer == same
    assert '"nothing"' in answer["errors"][0]["message"]
    # Some of Apollo's clients go by the message, others by the code.
    assert (kind, errors[0]["message"]) == ("error", "PersistedQueryNotFound")
    assert errors[0]["extensions"]["code"] == QUERY_NOT_FOUND


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway without manifests."""
    with running(tmp_path_factory.mktemp("without")) as gateway:
        yield gateway.url


@pytest.fixture
def plain(http: aiohttp.ClientSession, without: str) -> Client:
    return Client(http, without)


async def test_text_sent_with_another_documents_id_is_refused(
    allowing: Client,
) -> None:
    _, answer = await post(allowing, query=NODE, documentId="apollo-count")

    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert 'another document under the id "apollo-count"' in error["message"]


async def test_document_given_with_its_hash_is_found_by_it_from_then_on(plain: Client) -> None:
    text = f"{COUNT} # given once"
    extensions = persisted(hash_of(text))
    unknown = await error_code(plain, extensions=extensions)
    status, first = await post(plain, query=text, extensions=extensions)

    assert (unknown, status, first) == (QUERY_NOT_FOUND, 200, COUNTED)
    for body in (
        {"extensions": extensions},
        {"documentId": f"sha256:{hash_of(text)}"},
        {"doc_id": hash_of(text)},
    ):
        assert await post(plain, **body) == (200, COUNTED)
        assert await get(plain, **body) == (200, COUNTED)
        assert await by_websocket(plain, **body) == ("next", COUNTED)


async def test_document_given_by_get_or_websocket_is_kept_too(plain: Client) -> None:
    one, two = f"{COUNT} # 1", f"{COUNT} # 2"
    await get(plain, query=one, extensions=persisted(hash_of(one)))
    await by_websocket(plain, query=two, documentId=f"sha256:{hash_of(two)}")

    assert await post(plain, extensions=persisted(hash_of(one))) == (200, COUNTED)
    assert await post(plain, extensions=persisted(hash_of(two))) == (200, COUNTED)


async def test_document_under_anothers_hash_is_refused_and_not_kept(plain: Client) -> None:
    extensions = persisted(hash_of(COUNT))

    assert await error_code(plain, query=UNKNOWN, extensions=extensions) == "BAD_USER_INPUT"
    assert await error_code(plain, extensions=extensions) == QUERY_NOT_FOUND


@pytest.mark.parametrize(("documents", "size"), [(1_001, 0), (300, 32_000)])
async def test_documents_kept_for_clients_are_bounded(
    plain: Client, documents: int, size: int
) -> None:
    texts = [f"{{ __typename }} #{number:{size}}" for number in range(documents)]
    for text in texts:
        assert await post(plain, query=text, extensions=persisted(hash_of(text))) == (200, NAME)

    assert await error_code(plain, extensions=persisted(hash_of(texts[0]))) == QUERY_NOT_FOUND
    assert await post(plain, extensions=persisted(hash_of(texts[-1]))) == (200, NAME)


async def test_document_given_to_one_worker_is_known_to_all_and_to_later_ones(
    tmp_path: Path, scattered: aiohttp.ClientSession
) -> None:
    text = f"{COUNT}\r\n# é"
    extensions = persisted(hash_of(text))
    with running(tmp_path, "--workers", "2") as gateway:
        client = Client(scattered, gateway.url)
        assert await error_code(client, extensions=extensions) == QUERY_NOT_FOUND
        assert await error_code(client, query=COUNT, extensions=extensions) == "BAD_USER_INPUT"
        assert await error_code(client, extensions=extensions) == QUERY_NOT_FOUND
        assert await post(client, query=text, extensions=extensions) == (200, COUNTED)
        for _ in range(20):
            assert await post(client, extensions=extensions) == (200, COUNTED)
        assert await error_code(client, extensions=persisted("../key")) == QUERY_NOT_FOUND

        for worker in children(gateway.process.pid):
            os.kill(worker, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: len(ready(gateway)) == 4)
        for _ in range(20):
            assert await post(client, extensions=extensions) == (200, COUNTED)


async def test_document_by_its_id_is_compiled(allowing: Client) -> None:
    async def compiled() -> float:
        async with allowing.session.get(f"{allowing.url}/metrics") as response:
            pattern = r"^invite_gateway_compiled_operations_total (\S+)$"
            found = re.search(pattern, await response.text(), re.MULTILINE)
            assert found
            return float(found[1])

    before = await compiled()
    await post(allowing, documentId="apollo-count")
    await get(allowing, doc_id="apollo-count")

    assert await compiled() == before + 2


REFUSED = [
    {"query": UNKNOWN},
    {"query": f"{COUNT} "},
    {"query": "{ __schema { description } }"},
    {"query": "mutation { deleteInviteParticipantsOperation(input: { id: 1 }) { deletedId } }"},
    {"query": "{"},
    {"query": ""},
    {"query": UNKNOWN, "extensions": persisted(hash_of(UNKNOWN))},
    {"documentId": "nothing"},
    {"extensions": persisted(hash_of(UNKNOWN))},
]


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: str(body)[:70])
async def test_only_documents_of_manifests_run(only: Client, body: Json) -> None:
    assert await error_code(only, **body) == NOT_FOUND
    assert (await get(only, **body))[1]["errors"][0]["extensions"]["code"] == NOT_FOUND
    kind, errors = await by_websocket(only, **body)
    assert (kind, errors[0]["extensions"]["code"]) == ("error", NOT_FOUND)
    assert "manifest" in errors[0]["message"]


async def test_only_documents_of_manifests_stream(only: Client) -> None:
    body = {"query": "subscription { changes { kind } }"}
    async with only.session.post(
        f"{only.url}/graphql", json=body, headers={"Accept": EVENT_STREAM}
    ) as response:
        assert NOT_FOUND in await response.text()


async def test_text_of_a_trusted_document_runs(only: Client) -> None:
    status, answer = await post(only, query=COUNT)

    assert (status, list(answer)) == (200, ["data"])


async def test_playground_is_not_where_only_trusted_documents_run(only: Client) -> None:
    async with only.session.get(f"{only.url}/graphql", headers={"Accept": "text/html"}) as visit:
        assert visit.status == 406


async def test_unknown_documents_are_logged_once_and_run(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    documents = write_manifest(tmp_path / "manifest.json", {"count": COUNT})
    with running(tmp_path, "--documents", documents, "--trusted-documents", "log") as gateway:
        client = Client(http, gateway.url)
        inlined = '{ node(id: "secret") { id } }'
        for _ in range(3):
            for text in (UNKNOWN, COUNT, inlined, "{ nothing }"):
                await post(client, query=text)
            await post(client, documentId="count")
            await post(client, query=FOLLOW, variables={"id": 1})
        await by_websocket(client, query=FOLLOW, variables={"id": "1"})
        gateway.stop(signal.SIGTERM)

    logged = [line for line in gateway.log if "in no manifest" in line]
    assert len(logged) == 3
    assert f"sha256:{hash_of(UNKNOWN)}, operation Unknown." in logged[0]
    assert f"sha256:{hash_of(inlined)}, without a name." in logged[1]
    assert f"sha256:{hash_of(FOLLOW)}, operation Follow." in logged[2]
    assert "secret" not in "".join(gateway.log)


async def test_ids_name_nothing_where_they_are_off(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    documents = write_manifest(tmp_path / "manifest.json", {"count": COUNT})
    with running(tmp_path, "--documents", documents, "--trusted-documents", "off") as gateway:
        client = Client(http, gateway.url)
        extensions = persisted(hash_of(COUNT))

        assert await error_code(client, documentId="count") == NOT_FOUND
        assert await error_code(client, extensions=extensions) == "PERSISTED_QUERY_NOT_SUPPORTED"
        assert await post(client, query=COUNT, extensions=extensions) == (200, COUNTED)
        assert await post(client, query=COUNT, documentId="other") == (200, COUNTED)
        assert await post(client, query=COUNT, extensions=persisted(1)) == (200, COUNTED)
        assert await error_code(client, extensions=extensions) == "PERSISTED_QUERY_NOT_SUPPORTED"


@asynccontextmanager
async def etag(client: Client, known: str = "", **parameters: str) -> AsyncIterator[Json]:
    """Send a request by GET and return the response."""
    async with client.session.get(
        f"{client.url}/graphql", params=parameters, headers={"If-None-Match": known}
    ) as response:
        yield response


@pytest.mark.parametrize("id_", ["documentId", "doc_id", "extensions"])
async def test_etag_by_id_holds_until_the_id_names_another_document(
    tmp_path: Path, http: aiohttp.ClientSession, id_: str
) -> None:
    manifest = tmp_path / "manifest.json"
    sent = {id_: json.dumps(persisted("it")) if id_ == "extensions" else "it"}
    tags: list[str] = []
    statuses: list[int] = []
    for text in (COUNT, COUNT, UNKNOWN, COUNT):
        with running(tmp_path, "--documents", write_manifest(manifest, {"it": text})) as gateway:
            async with etag(Client(http, gateway.url), tags[0] if tags else "", **sent) as response:
                tags.append(response.headers["ETag"])
                statuses.append(response.status)

    assert statuses == [200, 304, 200, 304]
    assert tags[0] == tags[1] == tags[3] != tags[2]


async def test_etag_of_a_text_does_not_outlive_the_right_to_send_it(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    documents = write_manifest(tmp_path / "manifest.json", {"count": COUNT})
    with running(tmp_path, "--documents", documents) as gateway:
        async with etag(Client(http, gateway.url), query=UNKNOWN) as response:
            known = response.headers["ETag"]
    with running(tmp_path, "--documents", documents, "--trusted-documents", "only") as gateway:
        async with etag(Client(http, gateway.url), known, query=UNKNOWN) as response:
            answer = await response.json()

    assert answer["errors"][0]["extensions"]["code"] == NOT_FOUND


WRONG = [
    ("{", "is not JSON"),
    ("[]", "is not a JSON object"),
    ('"text"', "is not a JSON object"),
    ('{"a": 1}', "the document 'a' is not a text"),
    ('{"": "{ __typename }"}', "the document '' is not a text"),
    ('{"a": "{ __typename }", "b": "{"}', "the document 'b': Syntax Error"),
    ('{"a": "{ nothing }"}', "the document 'a': Cannot query field 'nothing' on type 'Query'."),
    ('{"a": "{ nothing }"}', "(line 1, column 3)"),
    ('{"sha256:1": "{ __typename }"}', "the id 'sha256:1' is not the hash of its document"),
    (json.dumps(apollo() | {"version": 2}), "version 1"),
    (json.dumps(apollo() | {"operations": {}}), "version 1"),
    (json.dumps(apollo() | {"operations": [1]}), "the document None is not a text"),
    (json.dumps(apollo() | {"operations": [{"id": "a"}]}), "the document 'a' is not a text"),
    (
        json.dumps(apollo() | {"operations": [{"id": "a", "body": b} for b in (COUNT, NODE)]}),
        "the id 'a' stands for another document",
    ),
    ('{"a": "\xff"}', "is not UTF-8"),
]


@pytest.mark.parametrize(("manifest", "why"), WRONG, ids=[why for _, why in WRONG])
def test_serve_refuses_a_wrong_manifest(
    run_in_process: Command, tmp_path: Path, manifest: str, why: str
) -> None:
    (tmp_path / "wrong.json").write_bytes(manifest.encode("latin-1"))
    done = run_in_process("serve", "--port", "0", "--documents", "wrong.json")

    assert done.returncode == 2
    assert done.stderr.startswith("Error: --documents: wrong.json: ")
    assert why in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "operations.db").exists()


def test_serve_reports_ten_wrong_documents_at_once(run_in_process: Command, tmp_path: Path) -> None:
    wrong = {str(number): f"{{ nothing{number} }}" for number in range(12)}
    path = write_manifest(tmp_path / "wrong.json", wrong)
    done = run_in_process("serve", "--port", "0", "--documents", path)

    assert done.stderr.count("Cannot query field") == 10
    assert done.stderr.endswith("2 more documents are wrong.\n")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            ["--documents", "nothing.json"],
            "--documents: nothing.json: it cannot be read: No such file",
        ),
        (["--documents", "empty"], "--documents: empty: there is no *.json and no *.graphql"),
        (["--trusted-documents", "only"], "--trusted-documents: 'only' needs manifests"),
        (["--trusted-documents", "log"], "--trusted-documents: 'log' needs manifests"),
        (["--trusted-documents", "some"], "--trusted-documents: Input should be 'off', 'allow'"),
    ],
)
def test_serve_refuses_settings_without_documents(
    run_in_process: Command, tmp_path: Path, options: Sequence[str], why: str
) -> None:
    (tmp_path / "empty").mkdir()
    done = run_in_process("serve", "--port", "0", *options)

    assert done.returncode == 2
    assert f"Error: {why}" in done.stderr


def test_wrong_manifest_is_reported_by_the_variables_name(run_in_process: Command) -> None:
    done = run_in_process("serve", "--port", "0", INVITE_GATEWAY_DOCUMENTS="nothing.json")

    assert "Error: INVITE_GATEWAY_DOCUMENTS: nothing.json: it cannot be read" in done.stderr


async def test_variable_that_is_empty_names_no_documents(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    write_manifest(tmp_path / "count.json", {"count": COUNT})
    with running(tmp_path, INVITE_GATEWAY_DOCUMENTS="") as gateway:
        assert await error_code(Client(http, gateway.url), documentId="count") == NOT_FOUND


def test_serve_refuses_an_id_that_two_files_give_to_two_documents(
    run_in_process: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    write_manifest(folder / "a.json", {"one": COUNT, "two": COUNT})
    write_manifest(folder / "b.json", apollo(one=COUNT, two=NODE))
    done = run_in_process("serve", "--port", "0", "--documents", "documents")

    assert "b.json: the id 'two' stands for another document in " in done.stderr
    assert "a.json" in done.stderr


def test_serve_with_workers_refuses_a_wrong_manifest_too(command: Command, tmp_path: Path) -> None:
    write_manifest(tmp_path / "wrong.json", {"a": "{ nothing }"})
    done = command("serve", "--port", "0", "--workers", "2", "--documents", "wrong.json")

    assert done.returncode == 2
    assert "Error: --documents: wrong.json: the document 'a': Cannot query field" in done.stderr
    assert not (tmp_path / "operations.db").exists()


async def test_workers_that_come_later_know_the_same_documents(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    manifest = tmp_path / "manifest.json"
    options = (
        "--workers",
        "2",
        "--documents",
        write_manifest(manifest, {"count": COUNT, "é\n": NODE}),
    )
    with running(tmp_path, *options) as gateway:
        client = Client(http, gateway.url)
        manifest.write_text("{")
        await asyncio.to_thread(
            wait_until, lambda: sum("answers" in line for line in gateway.log) == 2
        )
        first = [int(line.rstrip(".\n").split()[-1]) for line in gateway.log if "answers" in line]
        for process in first:
            os.kill(process, signal.SIGKILL)
        await asyncio.to_thread(
            wait_until, lambda: sum("answers" in line for line in gateway.log) == 4
        )
        answers = [await post(client, documentId="count") for _ in range(8)]
        other = await post(client, documentId="é\n", variables={"id": "none"})

    assert len(first) == 2
    assert answers == [(200, COUNTED)] * 8
    assert other == (200, {"data": {"node": None}})


@pytest.mark.parametrize("algorithm", ["MD5", "SHA256"])
async def test_relays_compiler_writes_a_manifest_that_its_client_asks_by(
    tmp_path: Path, http: aiohttp.ClientSession, algorithm: str
) -> None:
    project = shutil.copytree(TOOLS / "relay", tmp_path / "relay")
    shutil.copy(TOOLS.parent.parent / "schema" / "schema.graphql", project)
    (project / "artifacts").mkdir()
    write_manifest(project / "persisted.json", {})
    config = json.loads((project / "relay.config.json").read_text())
    persist = {"file": "./persisted.json", "algorithm": algorithm}
    write_manifest(project / "relay.config.json", config | {"persistConfig": persist})
    run(PROGRAMS / "relay-compiler", "relay.config.json", cwd=project)
    artifact = (project / "artifacts" / "OperationListPaginationQuery.graphql.ts").read_text()
    id_ = re.search(r'"id": "(\w+)"', artifact)
    assert id_

    options = ("--documents", str(project / "persisted.json"), "--trusted-documents", "only")
    with running(tmp_path, *options) as gateway:
        client = Client(http, gateway.url)
        status, answer = await post(client, doc_id=id_[1], variables={"clientContext": "none"})

    assert len(id_[1]) == {"MD5": 32, "SHA256": 64}[algorithm]
    page = answer["data"]["inviteParticipantsOperations"]
    assert (status, page["edges"], page["pageInfo"]["hasNextPage"]) == (200, [], False)


# As Apollo's client prints it, with the names of types that its cache asks for.
APOLLO_NODE = "query Node($id: ID!) {\n  node(id: $id) {\n    id\n    __typename\n  }\n}"


async def request_by_apollo(url: str, *, get: bool) -> Json:
    """Request a node twice by Apollo's client; return the results and its requests."""
    given = json.dumps({"query": NODE, "variables": {"id": "none"}, "get": get})
    return json.loads(
        await asyncio.to_thread(run, "node", "persisted.mjs", f"{url}/graphql", given)
    )


@pytest.mark.parametrize("get", [False, True])
async def test_apollos_client_gives_its_document_once(gateway: Gateway, *, get: bool) -> None:
    exchanged = await request_by_apollo(gateway.url, get=get)
    method = "GET" if get else "POST"
    by_hash = {"method": method, "hasQuery": False, "hasHash": True}

    assert [result["data"] for result in exchanged["results"]] == [{"node": None}] * 2
    assert [(sent["hasQuery"], sent["hasHash"]) for sent in exchanged["requests"]] == [
        (False, True),
        (True, True),
        (False, True),
    ]
    assert [exchanged["requests"][0], exchanged["requests"][2]] == [by_hash, by_hash]


@pytest.mark.parametrize("get", [False, True])
async def test_apollos_client_asks_by_the_hashes_of_a_manifest(
    tmp_path: Path, *, get: bool
) -> None:
    manifest = apollo(**{hash_of(APOLLO_NODE): APOLLO_NODE})
    documents = write_manifest(tmp_path / "manifest.json", manifest)
    with running(tmp_path, "--documents", documents, "--trusted-documents", "only") as gateway:
        exchanged = await request_by_apollo(gateway.url, get=get)

    assert [result["data"] for result in exchanged["results"]] == [{"node": None}] * 2
    assert [sent["hasQuery"] for sent in exchanged["requests"]] == [False, False]


async def test_apollos_client_gets_an_error_for_other_documents(tmp_path: Path) -> None:
    documents = write_manifest(tmp_path / "manifest.json", apollo(count=COUNT))
    with running(tmp_path, "--documents", documents, "--trusted-documents", "only") as gateway:
        exchanged = await request_by_apollo(gateway.url, get=False)

    codes = [result["errors"][0]["extensions"]["code"] for result in exchanged["results"]]
    assert codes == [NOT_FOUND] * 2
    assert [sent["hasQuery"] for sent in exchanged["requests"]] == [False, False]


async def test_apollos_client_does_without_where_ids_are_off(tmp_path: Path) -> None:
    with running(tmp_path, "--trusted-documents", "off") as gateway:
        exchanged = await request_by_apollo(gateway.url, get=False)

    assert [result["data"] for result in exchanged["results"]] == [{"node": None}] * 2
    assert [(sent["hasQuery"], sent["hasHash"]) for sent in exchanged["requests"]] == [
        (False, True),
        (True, False),
        (True, False),
    ]
