"""Lists, counts and delta queries of Graph's interface."""

from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from support.gateways import Client
from support.rest_client import JSONObject, Rest, invited


@pytest.fixture
async def rest(http: aiohttp.ClientSession, gateway_url: str) -> Rest:
    """A client of a call of the test's own."""
    return Rest(http, gateway_url)


async def follow(rest: Rest, url: str) -> tuple[list[JSONObject], str]:
    """Read all pages of a round of delta; return what they have, and the link to the next round."""
    found: list[JSONObject] = []
    while True:
        answer = await rest.send("GET", url)
        assert answer.status == 200, answer.body
        found += answer.body["value"]
        if "@odata.deltaLink" in answer.body:
            return found, answer.body["@odata.deltaLink"]
        url = answer.body["@odata.nextLink"]


async def ids(rest: Rest, **options: str) -> list[str]:
    """Return the client contexts of a list."""
    answer = await rest.list(**options)
    assert answer.status == 200, answer.body
    return [one["clientContext"] for one in answer.body["value"]]


async def test_list_is_paged_by_links(rest: Rest) -> None:
    entities = [await rest.create(clientContext=str(n)) for n in range(7)]
    url, pages = f"{rest.operations}?$top=3&$count=true&$filter=status eq 'NotStarted'", []
    url = url.replace(" ", "%20")
    while url:
        answer = await rest.send("GET", url)
        assert answer.body["@odata.count"] == 7
        assert answer.body["@odata.context"].endswith("/operations")
        pages.append([one["id"] for one in answer.body["value"]])
        url = answer.body.get("@odata.nextLink", "")
        assert not url or "$top=3" in url
    newest_first = [one["id"] for one in reversed(entities)]
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]


async def test_list_has_only_selected_properties(rest: Rest) -> None:
    await rest.create(clientContext="a", extra=1, participants=[invited(user={"id": "u"})])
    await rest.create(clientContext="b", resultInfo={"code": 200, "subcode": 0})
    await rest.create(clientContext="c", resultInfo={"code": 100, "subcode": 0})
    assert await ids(rest, orderby="resultInfo/code") == ["a", "c", "b"]
    assert await ids(rest, orderby="resultInfo/code desc, id") == ["b", "c", "a"]
    assert await ids(rest, skip="1", orderby="clientContext") == ["b", "c"]
    assert await ids(rest, search='"B" OR u', orderby="clientContext") == ["a", "b"]
    assert await ids(rest, filter="participants/any(p:p/identity/user/id eq 'u')") == ["a"]
    selected = (await rest.list(select="status,extra", orderby="clientContext", top="1")).body
    assert selected["@odata.context"].endswith("/operations(extra,status)")
    (only,) = selected["value"]
    assert {name for name in only if "@" not in name} == {"status", "extra"}


async def test_count_is_a_text(rest: Rest) -> None:
    await rest.create(status="Running")
    await rest.create()
    counted = await rest.get("/$count?$filter=status%20eq%20%27running%27")
    assert (counted.status, counted.body) == (200, "1")
    assert counted.headers["Content-Type"] == "text/plain"


async def test_page_is_no_larger_than_preferred(rest: Rest) -> None:
    for _ in range(3):
        await rest.create()
    answer = await rest.get(Prefer="respond-async, odata.maxpagesize=2")
    assert len(answer.body["value"]) == 2
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=2"
    assert "@odata.nextLink" in answer.body


@pytest.mark.parametrize("level", ["none", "minimal", "full"])
async def test_control_information_is_as_much_as_wanted(rest: Rest, level: str) -> None:
    await rest.create(
        id=rest.call, participants=[invited(user={"id": "u", "x": 1})], status="Running"
    )
    answer = await rest.get(Accept=f"application/json;odata.metadata={level}")
    assert answer.headers["Content-Type"] == f"application/json;odata.metadata={level}"
    (entity,) = answer.body["value"]
    participant = entity["participants"][0]
    annotations = {name for name in {**entity, **participant, **answer.body} if "@odata." in name}
    assert (
        annotations
        == {
            "none": set(),
            "minimal": {"@odata.context", "@odata.type", "@odata.etag"},
            "full": {
                "@odata.context",
                "@odata.type",
                "@odata.etag",
                "@odata.id",
                "@odata.editLink",
                "participants@odata.type",
                "status@odata.type",
            },
        }[level]
    )
    assert participant["identity"]["user"]["x"] == 1


async def test_list_across_calls_has_the_call(rest: Rest) -> None:
    created = await rest.create(clientContext=rest.call)
    path = "/v1.0/communications/inviteParticipantsOperations"
    listed = await rest.send("GET", f"{path}?$filter=clientContext%20eq%20%27{rest.call}%27")
    (entity,) = listed.body["value"]
    assert (await rest.send("GET", f"/v1.0/{entity['@odata.id']}")).body == created


@pytest.mark.parametrize("path", ["", "/{id}"])
async def test_operation_without_its_key_has_its_address(rest: Rest, path: str) -> None:
    created = await rest.create()
    answer = await rest.get(path.format(**created) + "?$select=status")
    (entity,) = answer.body.get("value", [answer.body])
    assert "id" not in entity
    assert (await rest.send("GET", f"/v1.0/{entity['@odata.id']}")).body == created


async def test_links_are_those_that_a_proxy_is_reached_by(rest: Rest) -> None:
    await rest.create()
    await rest.create()
    answer = await rest.get("?$top=1", X_Forwarded_Proto="https")
    assert answer.body["@odata.nextLink"].startswith(rest.url.replace("http", "https"))


async def test_delta_returns_all_and_then_the_changes(rest: Rest) -> None:
    entities = [await rest.create() for _ in range(5)]
    other = Rest(rest.http, rest.url)
    first, link = await follow(rest, f"{rest.operations}/delta?$top=2&$select=status")
    assert [one["id"] for one in first] == [one["id"] for one in reversed(entities)]
    assert all({name for name in one if "@" not in name} == {"id", "status"} for one in first)
    assert await follow(rest, link) == ([], link)
    await other.create()
    changed, deleted, _, twice, _ = [f"{rest.operations}/{one['id']}" for one in entities]
    await rest.send("PATCH", changed, {"status": "Running"})
    await rest.send("PATCH", twice, {"status": "Running"})
    await rest.send("PATCH", twice, {"status": "Failed"})
    await rest.send("DELETE", deleted)
    new = await rest.create()
    then, link = await follow(rest, link)
    now = {one["id"]: one.get("status", one.get("@removed")) for one in then}
    assert now == {
        entities[0]["id"]: "Running",
        entities[3]["id"]: "Failed",
        entities[1]["id"]: {"reason": "deleted"},
        new["id"]: "NotStarted",
    }
    assert "$deltatoken" in parse_qs(urlsplit(link).query)
    assert await follow(rest, link) == ([], link)


async def test_page_of_delta_is_no_larger_than_preferred(rest: Rest) -> None:
    for _ in range(3):
        await rest.create()
    for top, size in ((1, 1), (3, 2)):
        answer = await rest.get(f"/delta?$top={top}", Prefer="odata.maxpagesize=2")
        assert len(answer.body["value"]) == size
        assert answer.headers["Preference-Applied"] == "odata.maxpagesize=2"


@pytest.mark.parametrize("name", ["$deltatoken", "$skiptoken"])
async def test_empty_token_of_delta_is_refused(rest: Rest, name: str) -> None:
    answer = await rest.get(f"/delta?{name}=")
    assert (answer.status, answer.error["code"]) == (400, "invalidRequest")


async def test_delta_from_now_on_gives_nothing_of_before(rest: Rest, shared: Client) -> None:
    moved = await rest.create()
    nothing, link = await follow(rest, f"{rest.operations}/delta?$deltatoken=latest")
    assert nothing == []
    await shared.data(
        "mutation ($input: UpdateInviteParticipantsOperationInput!)"
        " { updateInviteParticipantsOperation(input: $input) { errors { message } } }",
        input={"id": moved["id"], "callId": "another"},
    )
    assert (await follow(rest, link))[0] == [{"@removed": {"reason": "changed"}, "id": moved["id"]}]


async def test_foreign_delta_token_asks_to_begin_anew(rest: Rest) -> None:
    foreign = "kqVzaW5jZZIAAA"
    answer = await rest.get(f"/delta?$deltatoken={foreign}")
    assert (answer.status, answer.error["code"]) == (410, "resyncRequired")
    assert (await rest.send("GET", answer.headers["Location"])).status == 200


@pytest.mark.parametrize("query", ["$filter=id%20eq%20%271%27", "$orderby=id", "$count=true"])
async def test_delta_refuses_unsupported_options(rest: Rest, query: str) -> None:
    answer = await rest.get(f"/delta?{query}")
    assert (answer.status, answer.error["code"]) == (501, "notSupported")
