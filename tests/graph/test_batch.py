"""Batches of Graph's interface: several requests in one body."""

import base64
import json
from typing import Any

import aiohttp
import pytest
from support.rest_client import JSONObject, Rest


@pytest.fixture
async def rest(http: aiohttp.ClientSession, gateway_url: str) -> Rest:
    """A client of a call of the test's own."""
    return Rest(http, gateway_url)


async def batch(rest: Rest, *requests: JSONObject) -> dict[str, Any]:
    """Send requests and return the answers by their ids."""
    answer = await rest.send("POST", "/v1.0/$batch", {"requests": requests})
    assert answer.status == 200, answer.body
    return {one["id"]: one for one in answer.body["responses"]}


async def test_requests_are_answered_in_order(rest: Rest) -> None:
    path = rest.operations.removeprefix("/v1.0")
    headers = {"Content-Type": "application/json"}
    answers = await batch(
        rest,
        {"id": "1", "method": "POST", "url": path, "headers": headers, "body": {"id": rest.call}},
        {"id": "2", "method": "GET", "url": f"{path}?$filter=status eq 'NotStarted'"},
        {
            "id": "3",
            "method": "PATCH",
            "url": f"{path}/{rest.call}",
            "headers": {"If-Match": 'W/"1"'},
            "body": {"status": "Running"},
            "dependsOn": ["1"],
        },
        {"id": "4", "method": "GET", "url": f"{path}/$count"},
        {"id": "5", "method": "DELETE", "url": f"{path}/{rest.call}", "dependsOn": ["3"]},
        {"id": "6", "method": "GET", "url": f"{path}/{rest.call}"},
    )
    assert [one["status"] for one in answers.values()] == [201, 200, 200, 200, 204, 404]
    assert [one["id"] for one in answers["2"]["body"]["value"]] == [rest.call]
    assert answers["3"]["headers"]["ETag"] == 'W/"2"'
    assert base64.b64decode(answers["4"]["body"]) == b"1"
    assert "body" not in answers["5"]
    assert answers["6"]["body"]["error"]["code"] == "itemNotFound"
    location = answers["1"]["headers"]["Location"]
    assert (
        location == f"{rest.url}/v1.0/communications/calls('{rest.call}')/operations('{rest.call}')"
    )


async def test_requests_that_depend_on_a_failed_one_are_skipped(rest: Rest) -> None:
    path = rest.operations.removeprefix("/v1.0")
    answers = await batch(
        rest,
        {"id": "a", "method": "GET", "url": f"{path}/none"},
        {"id": "b", "method": "POST", "url": path, "body": {}, "dependsOn": ["a"]},
        {"id": "c", "method": "POST", "url": path, "body": {}, "dependsOn": ["b"]},
        {"id": "d", "method": "POST", "url": path, "body": {}},
    )
    assert [one["status"] for one in answers.values()] == [404, 424, 424, 201]
    assert (await rest.get("/$count")).body == "1"


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "POST", "url": "/$batch", "body": {"requests": []}},
        {"method": "BREW", "url": "/communications"},
        {"method": "GET", "url": "http://elsewhere/v1.0/communications"},
        {"method": "GET", "url": "../metrics"},
        {"method": "POST", "url": "/communications/inviteParticipantsOperations", "body": [1]},
    ],
)
async def test_request_that_cannot_be_served_fails_alone(rest: Rest, request_: JSONObject) -> None:
    good = {"id": "good", "method": "GET", "url": "/communications"}
    answers = await batch(rest, {"id": "bad", **request_}, good)
    assert answers["bad"]["status"] in {400, 404, 405}
    assert answers["bad"]["body"]["error"]["message"]
    assert answers["good"]["status"] == 200


async def test_body_with_a_number_out_of_range_fails_alone(rest: Rest) -> None:
    requests = [
        {"id": "bad", "method": "POST", "url": rest.operations, "body": {"n": "1e999"}},
        {"id": "good", "method": "GET", "url": "/communications"},
    ]
    body = json.dumps({"requests": requests}).replace('"1e999"', "1e999")
    url, headers = f"{rest.url}/v1.0/$batch", {"Content-Type": "application/json"}
    async with rest.http.post(url, data=body, headers=headers) as response:
        bad, good = (await response.json())["responses"]
    assert (bad["status"], bad["body"]["error"]["code"]) == (400, "invalidRequest")
    assert good["status"] == 200


async def test_head_is_answered_without_a_body(rest: Rest) -> None:
    answers = await batch(rest, {"id": "1", "method": "HEAD", "url": "/communications"})
    assert answers["1"]["status"] == 200
    assert "body" not in answers["1"]


async def test_url_may_be_absolute_and_members_null(rest: Rest) -> None:
    nothing = {"headers": None, "dependsOn": None, "body": None}
    answers = await batch(
        rest,
        {"id": "1", "method": "GET", "url": rest.url + rest.operations, **nothing},
        {"id": "2", "method": "GET", "url": rest.operations},
    )
    assert [one["status"] for one in answers.values()] == [200, 200]


@pytest.mark.parametrize("member", [{"atomicityGroup": "g"}, {"if": "$1/id eq 'x'"}])
async def test_request_that_is_done_on_a_condition_is_not_supported(
    rest: Rest, member: JSONObject
) -> None:
    request = {"id": "1", "method": "POST", "url": rest.operations, "body": {}, **member}
    answer = await rest.send("POST", "/v1.0/$batch", {"requests": [request]})
    assert (answer.status, answer.error["target"]) == (501, next(iter(member)))
    assert (await rest.get("/$count")).body == "0"


GET = {"method": "GET", "url": "/communications"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": [{"id": str(n), **GET} for n in range(21)]},
        {"requests": [{"id": "1", **GET}, {"id": "1", **GET}]},
        {"requests": [{"id": "1", **GET, "dependsOn": ["1"]}]},
        {"requests": [{"id": "1", **GET, "dependsOn": ["2"]}, {"id": "2", **GET}]},
        {"requests": [{"id": 1, **GET}]},
        {"requests": [{"id": "1", "method": "GET", "url": "http://[::1"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/communications/\ud800"}]},
        {"requests": [{"id": "\ud800", **GET}]},
    ],
)
async def test_body_that_is_no_batch_is_refused(rest: Rest, body: JSONObject) -> None:
    answer = await rest.send("POST", "/beta/$batch", body)
    assert (answer.status, answer.error["code"]) == (400, "invalidRequest")


async def test_requests_of_a_batch_cost_together(rest: Rest) -> None:
    page = {"method": "GET", "url": f"{rest.operations.removeprefix('/v1.0')}?$top=500"}
    answers = await batch(rest, *({"id": str(n), **page} for n in range(20)))
    statuses = [one["status"] for one in answers.values()]
    assert statuses == [200] * 9 + [400] * 11
    assert "cost" in answers["19"]["body"]["error"]["message"]
