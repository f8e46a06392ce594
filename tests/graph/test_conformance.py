"""The points of OData's conformance levels that docs/odata.md says are met."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from support.paths import ROOT
from support.rest_client import Answer, JSONObject, Rest, invited

PAGE = (ROOT / "docs" / "odata.md").read_text()
CAST = "microsoft.graph.inviteParticipantsOperation"
STATUS = "microsoft.graph.operationStatus"

Holds = Callable[[Answer], Any]


def anything(_answer: Answer) -> bool:
    """Check nothing but the status of an answer."""
    return True


def listed(*contexts: str) -> Holds:
    """Return a check that the listed operations have these client contexts, in this order."""
    return lambda answer: [one["clientContext"] for one in answer.body["value"]] == [*contexts]


def option(name: str, value: str) -> str:
    """Return a query option."""
    return f"?{name}={quote(value, safe='')}"


@dataclass(frozen=True)
class Check:
    """A request, and what its answer is to be, by which some points are tried.

    ``{o}`` in a path stands for the operations of a call, which are ``b`` and ``a`` with the ids
    that ``{b}`` and ``{a}`` stand for.
    """

    points: str
    path: str
    status: int = 200
    holds: Holds = anything
    method: str = "GET"
    body: object = None
    headers: JSONObject = field(default_factory=dict)


def filtered(points: str, text: str, *found: str) -> Check:
    """Try a filter that finds operations."""
    return Check(points, "{o}" + option("$filter", text), holds=listed(*found))


CHECKS = [
    Check("minimal 1", "/v1.0/", holds=lambda a: a.body["value"][0]["name"] == "communications"),
    Check(
        "minimal 2, intermediate 9, advanced 3",
        "{o}/{a}",
        holds=lambda a: (
            a.body["@odata.context"] and a.headers["Content-Type"].startswith("applica")
        ),
    ),
    Check("minimal 3", "{o}?$top=1", holds=lambda a: "$skiptoken=" in a.body["@odata.nextLink"]),
    Check("minimal 3", "{o}?$top=2", holds=lambda a: "@odata.nextLink" not in a.body),
    Check("minimal 4", "{o}/{a}", holds=lambda a: a.headers["OData-Version"] == "4.0"),
    Check("minimal 4", "{o}/none", 404, lambda a: a.headers["OData-Version"] == "4.0"),
    Check("minimal 5", "{o}", 406, headers={"Accept": "application/atom+xml"}),
    Check("minimal 5", "{o}", 400, headers={"OData-MaxVersion": "3.0"}),
    Check("minimal 5", "{o}", headers={"OData-MaxVersion": "4.01"}),
    Check(
        "minimal 6, minimal 9, minimal 19, minimal 20, minimal 27",
        "{o}",
        201,
        lambda a: f"operations('{a.body['id']}')" in a.headers["Location"] and a.body["more"] == 1,
        method="POST",
        body={"@example.note": 1, "more@example.note": 2, "more": 1},
    ),
    Check("minimal 7, intermediate 2", "{o}" + option("$filter", "status eq"), 400),
    Check("minimal 7, intermediate 2", "{o}?$orderby=status+up", 400),
    Check("minimal 7, intermediate 2", "{o}?$apply=aggregate($count+as+n)", 501),
    Check(
        "minimal 8, minimal 13, intermediate 8, advanced 2",
        "/v1.0/$metadata",
        holds=lambda a: (
            {
                type_.removeprefix("Collection(").partition(".")[0]
                for type_ in re.findall(r' (?:Base)?Type="([^"]*)"', a.body)
            }
            == {"Edm", "microsoft"}
        ),
    ),
    Check(
        "minimal 10, minimal 23, minimal 26",
        "{o}/{a}",
        holds=lambda a: (a.body["status"], a.body["clientContext"]) == ("Failed", "a"),
        method="PATCH",
        body={"status": "Failed", "id": "other", "@odata.etag": 'W/"7"'},
        headers={"If-Match": 'W/"1"'},
    ),
    Check("minimal 26", "{o}/{a}", 412, method="DELETE", headers={"If-Match": 'W/"9"'}),
    Check(
        "minimal 14",
        "{o}",
        holds=lambda a: len(a.body["value"]) == 1,
        headers={"Prefer": "odata.maxpagesize=1", "Accept": "application/json;odata.metadata=full"},
    ),
    filtered("minimal 15", f"status eq {STATUS}'Running'", "a"),
    Check(
        "minimal 18",
        "{o}/{a}",
        holds=lambda a: a.body["@odata.editLink"] == a.body["@odata.id"],
        headers={"Accept": "application/json;odata.metadata=full"},
    ),
    Check("minimal 24", "{o}/{a}", 204, method="DELETE"),
    Check(
        "minimal 28",
        "{o}",
        204,
        lambda a: a.headers["OData-EntityId"] == a.headers["Location"],
        method="POST",
        body={},
        headers={"Prefer": "return=minimal"},
    ),
    Check("intermediate 3", "{o}/{a}?$select=status,more", holds=lambda a: "id" not in a.body),
    Check("intermediate 3", "{o}/{a}?$select=status/name", 501),
    Check("intermediate 4", f"{{o}}/{CAST}", holds=listed("b", "a")),
    filtered("intermediate 7.1", "status eq 'Running'", "a"),
    filtered("intermediate 7.1", "clientContext ne 'a'", "b"),
    filtered("intermediate 7.3", "resultInfo/code gt 200 or resultInfo/code lt 1", "b"),
    filtered("intermediate 7.3", "resultInfo/code ge 404 and resultInfo/code le 404", "b"),
    filtered("intermediate 7.3", "not (status in ('Running','Failed'))", "b"),
    Check("intermediate 7.3", "{o}" + option("$filter", "resultInfo/code add 1 eq 2"), 501),
    Check("intermediate 7.3", "{o}" + option("$filter", "id eq clientContext"), 501),
    Check("intermediate 11, advanced 10", "{o}?$search=ada+OR+nobody", holds=listed("a")),
    Check("intermediate 12, advanced 6", "{o}?$skip=1", holds=listed("a")),
    Check(
        "intermediate 13, advanced 7",
        "{o}?$count=true&$top=0",
        holds=lambda a: a.body["@odata.count"] == 2,
    ),
    filtered("intermediate 15, advanced 5", "participants/any(p: p/hidden eq true)", "a"),
    filtered("intermediate 15, advanced 5", "participants/all(p: p/hidden eq true)", "b", "a"),
    Check("intermediate 16, advanced 4", "{o}/$count", holds=lambda a: a.body == "2"),
    filtered("intermediate 16, advanced 4", "participants/$count eq 1", "a"),
    Check("intermediate 17, advanced 8", "{o}?$orderby=status+asc", holds=listed("b", "a")),
    Check("intermediate 17, advanced 8", "{o}?$orderby=status+desc", holds=listed("a", "b")),
    Check("advanced 14", "{o}/delta", holds=lambda a: a.body["@odata.deltaLink"]),
    Check("advanced 14", "{o}/delta()", holds=lambda a: len(a.body["value"]) == 2),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.points} {check.method}")
async def test_point_is_met(http: aiohttp.ClientSession, gateway_url: str, check: Check) -> None:
    rest = Rest(http, gateway_url)
    user = {"id": "u", "displayName": "Ada"}
    a = await rest.create(
        clientContext="a", status="Running", participants=[{**invited(user=user), "hidden": True}]
    )
    b = await rest.create(clientContext="b", resultInfo={"code": 404, "subcode": 0})
    path = check.path.replace("{o}", rest.operations).format(a=a["id"], b=b["id"])

    answer = await rest.send(check.method, path, check.body, **check.headers)

    assert answer.status == check.status, answer.body
    assert check.holds(answer), answer.body


def met_points() -> set[str]:
    """Return the points that the page says are met."""
    points, level = set(), ""
    for line in PAGE.splitlines():
        level = line[3:].lower() if line.startswith("## ") else level
        row = re.match(r"\| ([0-9., ]+) \|.*\| met[^|]*\|$", line)
        if row:
            points |= {f"{level} {number}" for number in row[1].split(", ")}
    return points


def test_every_met_point_is_checked() -> None:
    assert {point for check in CHECKS for point in check.points.split(", ")} == met_points()
