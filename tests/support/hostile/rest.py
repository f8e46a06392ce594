"""Microsoft Graph's REST interface: paths, query options, headers and batches."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from support.hostile.harness import JSON, Case, Victim, assert_is, exchanging, send

ROOT = "/v1.0"
LIST = f"{ROOT}/communications/inviteParticipantsOperations"
OF_CALL = f"{ROOT}/communications/calls/c/operations"
BAD, MISSING, NOT_DONE = "400 invalidRequest", "404 itemNotFound", "501 notSupported"
FINE = "200"


def getting(name: str, path: str | Callable[[], str], expected: str) -> Case:
    """Return the case of a path, its query included."""

    async def attack(victim: Victim) -> None:
        target = path if isinstance(path, str) else path()
        answer = await send(victim, method="GET", path=target, headers={"Accept": JSON})
        assert_is(answer, expected)

    return Case(name, attack)


def writing(name: str, path: str, body: object, expected: str, method: str = "POST") -> Case:
    """Return the case of a body; one that is no bytes is sent as JSON."""

    async def attack(victim: Victim) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await send(victim, data, method=method, path=path, headers={"Content-Type": JSON})
        assert_is(answer, expected)

    return Case(name, attack)


def filtering(name: str, text: str, expected: str) -> Case:
    """Return the case of a ``$filter``."""
    return getting(f"a filter of {name}", f"{LIST}?$filter={quote(text, safe='')}", expected)


def batching(name: str, items: Callable[[], list[dict[str, Any]]], *statuses: int) -> Case:
    """Return the case of a batch that is answered, each item by one of the statuses."""

    async def attack(victim: Victim) -> None:
        body = json.dumps({"requests": items()}).encode()
        path, headers = f"{ROOT}/$batch", {"Content-Type": JSON}
        answer = await send(victim, body, path=path, headers=headers)
        assert_is(answer, FINE)
        responses = json.loads(answer.body)["responses"]
        assert {one["status"] for one in responses} <= set(statuses), responses

    return Case(f"a batch of {name}", attack)


def _get(number: int, url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {"id": str(number), "method": "GET", "url": url, **more}


PATHS = [
    getting(f"the path {path[:60]!r}", path, expected)
    for path, expected in [
        (f"{ROOT}/..%2fmetrics", MISSING),
        (f"{ROOT}/../metrics", MISSING),
        (f"{ROOT}//communications", MISSING),
        (f"{ROOT}/%", MISSING),
        (f"{ROOT}/%zz/%00", MISSING),
        (f"{OF_CALL}/%ff%fe", MISSING),
        (f"{OF_CALL}/%00", MISSING),
        (f"{OF_CALL}/%ed%a0%80", MISSING),
        (f"{OF_CALL}/{'a' * 4_000}", MISSING),
        (f"{OF_CALL}('')", MISSING),
        (f"{OF_CALL}('a')('b')", MISSING),
        (f"{OF_CALL}('{quote(chr(39) * 500)}')", MISSING),
        (f"{OF_CALL}/a/b/c", MISSING),
        (f"{ROOT}/communications/calls//operations", MISSING),
        (f"{ROOT}/communications/calls/%00/operations", FINE),
        (f"{ROOT}/communications/calls/%ff/operations", FINE),
        (f"{ROOT}/communications/calls/'%20or%201=1--/operations", FINE),
        (f"{ROOT}/{'a/' * 2_000}", MISSING),
        (f"{ROOT}/{'(' * 3_000}", MISSING),
        (f"{OF_CALL}/a%0d%0aX-Injected:%201", MISSING),
    ]
]

OPTIONS = [
    getting(f"the query {query[:60]!r}", f"{LIST}?{query}", expected)
    for query, expected in [
        ("$top=1&$top=2", BAD),
        ("$top=1&top=2&%24top=3", BAD),
        ("$TOP=1&$top=2", BAD),
        ("$filter=id%20eq%20'1'&$filter=", BAD),
        ("$top=99999999999999999999", BAD),
        (f"$top={'9' * 5_000}", BAD),
        ("$top=-1", BAD),
        ("$top=1e3", BAD),
        ("$top=%D9%A1", BAD),
        ("$skip=99999999999", BAD),
        ("$skip=2147483647", BAD),
        ("$skip=1&$skiptoken=x", BAD),
        ("$skiptoken=" + "A" * 4_000, BAD),
        ("$skiptoken=%FF%00", BAD),
        ("$skiptoken=gqFh3f____8", BAD),
        ("$orderby=" + "id," * 1_000 + "id", BAD),
        ("$orderby=,", BAD),
        ("$orderby=id%20sideways", BAD),
        ("$orderby=id%00", BAD),
        ("$select=" + "a," * 2_000 + "a", FINE),
        ("$select=%00", BAD),
        ("$select=", BAD),
        ("$count=maybe", BAD),
        ("$expand=*", NOT_DONE),
        ("$levels=max", NOT_DONE),
        ("$compute=1", NOT_DONE),
        ("&".join(f"x{n}=1" for n in range(500)), NOT_DONE),
        ("$", NOT_DONE),
        ("=", NOT_DONE),
        ("%", NOT_DONE),
        ("$search=" + "a%20" * 1_000, BAD),
        ("$search=" + "(" * 3_000, BAD),
        ("$search=" + "NOT%20" * 30 + "a", BAD),
        ("$search=%00", FINE),
        ("$search=%22%5C", BAD),
    ]
] + [
    getting("a delta token of nonsense", f"{LIST}/delta?$deltatoken=gqFh3f____8", BAD),
    getting("two tokens", f"{LIST}/delta?$deltatoken=a&$skiptoken=b", BAD),
    getting("an empty page of delta", f"{LIST}/delta?$top=0", BAD),
]

FILTERS = [
    filtering("deep parentheses", "(" * 1_300 + "id eq '1'" + ")" * 1_300, FINE),
    filtering("parentheses that do not close", "(" * 1_300, BAD),
    filtering("many negations", "not " * 900 + "id eq '1'", BAD),
    filtering("many conjunctions", " and ".join(["id eq '1'"] * 100), FINE),
    filtering("more conditions than there may be", " or ".join(["id eq ''"] * 300), BAD),
    filtering("a long list", "id in (" + ",".join(["'1'"] * 350) + ")", FINE),
    filtering("any in any", "participants/any(p: " * 100 + "p", f"{NOT_DONE} | {BAD}"),
    filtering("a long path", "a/" * 1_900 + "a eq 1", NOT_DONE),
    filtering("a long name", "a" * 3_900, f"{NOT_DONE} | {BAD}"),
    filtering("a number of many digits", f"resultInfo/code eq {'9' * 3_900}", BAD),
    filtering("SQL", "id eq '1''; DROP TABLE operations; --'", FINE),
    filtering("wildcards", "contains(clientContext,'%_*?[')", FINE),
    filtering("U+0000", "clientContext eq '\0'", FINE),
    filtering("a lone quotation mark", "'", BAD),
    filtering("many quotation marks", "'" * 1_301, BAD),
    filtering("nothing but spaces", " " * 1_300, BAD),
    getting("a filter of broken UTF-8", f"{LIST}?$filter=id%20eq%20'%FF%ED%A0%80'", FINE),
]

DEEP = b'{"participants":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def _nested(depth: int) -> bytes:
    return b'{"x":%b1%b}' % (b'{"x":' * depth, b"}" * depth)


def _wrapped(depth: int) -> bytes:
    return b'{"value":' * depth + b"{}" + b"}" * depth


BODIES = [
    writing("a body nested deeply", OF_CALL, DEEP, BAD),
    writing("a body nested deeply in undeclared properties", OF_CALL, _nested(100), BAD),
    writing("a body of many participants", OF_CALL, {"participants": [{}] * 10_000}, BAD),
    writing("a body of many properties", OF_CALL, {f"p{n}": n for n in range(20_000)}, BAD),
    writing("a body of half a surrogate", OF_CALL, b'{"clientContext":"\\ud800"}', BAD),
    writing("a number of many digits", OF_CALL, b'{"x":' + b"9" * 5_000 + b"}", BAD),
    writing("a number out of range", OF_CALL, b'{"x":1e999}', BAD),
    writing("a body that is wrapped often", OF_CALL, _wrapped(150), f"{BAD} | 201"),
    writing("a type that is no text", OF_CALL, {"@odata.type": ["x"] * 100}, "201"),
    writing("the type of another entity", OF_CALL, {"@odata.type": "#microsoft.graph.call"}, BAD),
    writing("a call that cannot be", f"{ROOT}/communications/calls/%00/operations", {}, BAD),
    writing("a call of broken UTF-8", f"{ROOT}/communications/calls/%ff/operations", {}, BAD),
    writing(
        "an action without parameters",
        OF_CALL.replace("operations", "participants/invite"),
        {"participants": "all"},
        BAD,
    ),
    writing(
        "a batch of half a surrogate", f"{ROOT}/$batch", {"requests": [_get(1, "/\ud800")]}, BAD
    ),
    writing("a patch of nothing there", f"{OF_CALL}/none", {"x": 1}, MISSING, "PATCH"),
    writing("a patch of half a surrogate", f"{OF_CALL}/none", b'{"x":"\\udfff"}', MISSING, "PATCH"),
]

BATCHES = [
    batching(
        "filters of deep parentheses",
        lambda: [
            _get(n, f"{LIST[5:]}?$filter={'(' * 3_000}id eq '{n}'{')' * 3_000}") for n in range(20)
        ],
        200,
        400,
    ),
    batching(
        "large pages",
        lambda: [_get(n, f"{LIST[5:]}?$top=500&$count=true") for n in range(20)],
        200,
        400,
    ),
    batching(
        "batches",
        lambda: [_get(n, "/$batch", body={"requests": []}) | {"method": "POST"} for n in range(20)],
        400,
    ),
    batching(
        "addresses that are none",
        lambda: [_get(n, url) for n, url in enumerate(["", "/", "?", "#", "//a", "/%", "/\0"])],
        200,
        404,
    ),
    batching(
        "headers that are none",
        lambda: [
            _get(n, "/communications", headers={name: value})
            for n, (name, value) in enumerate(
                [
                    ("client-request-id", "a\r\nX-Injected: 1"),
                    ("Host", "a\r\nb"),
                    ("Accept", "\0"),
                    ("", ""),
                    ("Prefer", "," * 10_000),
                    ("If-Match", '"' * 10_000),
                    ("\ud800", "\ud800"),
                ]
            )
        ],
        200,
        406,
    ),
    writing(
        "a batch of many requests",
        f"{ROOT}/$batch",
        {"requests": [_get(n, "/communications") for n in range(5_000)]},
        BAD,
    ),
    writing(
        "a batch that depends in circles",
        f"{ROOT}/$batch",
        {"requests": [_get(n, "/", dependsOn=[str((n + 1) % 20)]) for n in range(20)]},
        BAD,
    ),
    writing("a batch that is no object", f"{ROOT}/$batch", [1], BAD),
]

START = b"GET %b HTTP/1.1\r\nHost: localhost\r\n" % OF_CALL.encode()
HEADERS = [
    exchanging(f"the header {header[:40]!r}", START + header + b"\r\n\r\n", expected)
    for header, expected in [
        (b"client-request-id: " + b"a" * 4_000, FINE),
        (b"client-request-id: a\tb", FINE),
        (b"client-request-id: \xff", FINE),
        (b"client-request-id: a\r\nX-Injected: 1", FINE),
        (b"X-Forwarded-Proto: javascript", FINE),
        (b"Prefer: odata.maxpagesize=99999999999999", FINE),
        (b"Prefer: odata.maxpagesize=0", FINE),
        (b"OData-Version: 1.0", BAD),
        (b"Accept: image/png", "406 invalidRequest"),
        (b"Accept: " + b"a/b;" * 500, "406 invalidRequest"),
        (b"If-None-Match: " + b'"1",' * 1_000, FINE),
    ]
] + [
    exchanging(
        f"the host {host!r}",
        b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (OF_CALL.encode(), host),
        f"{FINE} | {BAD} | 421 invalidRequest | 400 BAD_USER_INPUT",
    )
    for host in (b"", b"a b", b"localhost/../x", b'localhost"><script>', b"localhost:99999999")
]

CASES = [*PATHS, *OPTIONS, *FILTERS, *BODIES, *BATCHES, *HEADERS]
