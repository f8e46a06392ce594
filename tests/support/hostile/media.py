"""Methods, media types, headers and URLs: wrong, odd and huge."""

from collections.abc import Mapping
from urllib.parse import quote

from support.hostile.harness import (
    JSON,
    STRICT,
    Case,
    Victim,
    assert_is,
    assert_valid_response,
    posting,
    send,
)

BAD = "400 BAD_USER_INPUT"
UNSUPPORTED = "415 BAD_USER_INPUT"
NOT_ACCEPTABLE = "406 BAD_USER_INPUT"
NOT_ALLOWED = "405 BAD_USER_INPUT"
TOO_LONG = "431 LIMIT_EXCEEDED"
NOT_FOUND = "404 BAD_USER_INPUT"
FINE = "200"
TOO_LARGE = f"{BAD} | 431 LIMIT_EXCEEDED"
BODY = b'{"query": "{ __typename }"}'


def typed(content_type: str, expected: str = UNSUPPORTED) -> Case:
    """Return the case of a Content-Type."""
    headers = {"Content-Type": content_type, "Accept": STRICT}
    return posting(f"Content-Type: {content_type[:60]}", BODY, expected, headers)


def accepting(accept: str, expected: str) -> Case:
    """Return the case of an Accept."""
    headers = {"Content-Type": JSON, "Accept": accept}
    return posting(f"Accept: {accept[:60]}", BODY, expected, headers)


def with_headers(name: str, headers: Mapping[str, str], expected: str) -> Case:
    """Return the case of headers beside the usual ones."""
    return posting(name, BODY, expected, {"Content-Type": JSON, "Accept": STRICT, **headers})


def by_method(method: str, path: str = "/graphql", expected: str = NOT_ALLOWED) -> Case:
    """Return the case of a method."""

    async def attack(victim: Victim) -> None:
        answer = await send(victim, BODY, method=method, path=path)
        if method == "HEAD":  # has no body to say why
            assert f"{answer.status} BAD_USER_INPUT" == expected
        else:
            assert_is(answer, expected)
        assert answer.status != 405 or answer.headers["allow"]

    return Case(f"{method} {path}", attack)


def getting(name: str, query: str, expected: str, path: str = "/graphql") -> Case:
    """Return the case of a URL."""

    async def attack(victim: Victim) -> None:
        answer = await send(
            victim, method="GET", path=f"{path}?{query}", headers={"Accept": STRICT}
        )
        assert_is(answer, expected)

    return Case(name, attack)


METHODS = [
    *[by_method(method) for method in ("PATCH", "HEAD", "TRACE", "PROPFIND")],
    by_method("PUT", expected="201"),
    by_method("DELETE", expected=BAD),
    *[by_method(method, "/schema.graphql") for method in ("POST", "DELETE")],
    *[by_method(method, "/health/ready") for method in ("POST", "PUT")],
    *[by_method(method, "/metrics") for method in ("POST", "OPTIONS")],
    by_method("POST", "/"),
    by_method("GET", "/graphql/", BAD),
    by_method("GET", "/graphql;a=b", NOT_FOUND),
    by_method("GET", "/../../../../etc/passwd", NOT_FOUND),
    by_method("GET", "/%2e%2e/%2e%2e/etc/passwd", NOT_FOUND),
    by_method("GET", "/health/live/..%2f..%2fgraphql", NOT_FOUND),
    by_method("GET", "/" + "a" * 8_000, NOT_FOUND),
    by_method("GET", "/%00", NOT_FOUND),
    by_method("GET", "/%ff%fe", NOT_FOUND),
    by_method("GET", "/graphql%0d%0aX-Injected:%201", NOT_FOUND),
    by_method("GET", "/wp-admin.php", NOT_FOUND),
]
TYPES = [
    *[
        typed(content_type)
        for content_type in (
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=a",
            "application/graphql",
            "application/graphql+json",
            "application/jsonp",
            "application/json-patch+json",
            "application/xml",
            "application/octet-stream",
            "application/json, text/plain",
            "application/json; charset=utf-16",
            'application/json; charset="utf-8',
            "application/json; charset=utf-8; charset=utf-7",
            "json",
            "*/*",
            "/",
            ";",
            "a" * 8_000,
            ";" * 8_000,
        )
    ],
    typed("application/json" + ";a=b" * 1_900, FINE),
    typed("APPLICATION/JSON;CHARSET=UTF-8", FINE),
]
ACCEPTED = [
    accepting("text/html", NOT_ACCEPTABLE),
    accepting("image/*", NOT_ACCEPTABLE),
    accepting("application/json;q=0", NOT_ACCEPTABLE),
    accepting("application/json;q=-1", NOT_ACCEPTABLE),
    accepting("application/json;q=1e5", NOT_ACCEPTABLE),
    accepting("application/json;q=" + "9" * 2_000, NOT_ACCEPTABLE),
    accepting("application/json;q=0." + "9" * 2_000, FINE),
    accepting("/", NOT_ACCEPTABLE),
    accepting("," * 8_000, TOO_LONG),
    accepting("a," * 4_000, TOO_LONG),
    accepting("a/b;q=0.1," * 200 + "*/*", FINE),
    accepting("text/event-stream", FINE),
    accepting("multipart/mixed", NOT_ACCEPTABLE),
    accepting('multipart/mixed;subscriptionSpec="1.0"', FINE),
    accepting('multipart/mixed;boundary="' + "a" * 2_000, NOT_ACCEPTABLE),
]


async def _long_accept(victim: Victim) -> None:
    """Send as many ``Accept`` headers as are allowed, each of the maximum length."""
    headers = [("Content-Type", JSON), *[("Accept", "a," * 4_000)] * 110]
    answer = await send(victim, BODY, headers=headers)  # type: ignore[arg-type]  # several of a name
    assert_is(answer, f"{NOT_ACCEPTABLE} | {TOO_LARGE}")


async def _long_tags(victim: Victim) -> None:
    """Send a large number of ETags in ``If-None-Match``."""
    for tag in ('"a",' * 2_000, '"' * 7_999, '"a' * 3_999, "W/" * 4_000):
        headers = [("If-None-Match", tag)] * 110
        answer = await send(
            victim,
            method="GET",
            path=f"/graphql?query={{__typename}}%23{victim.attempt}",
            headers=headers,  # type: ignore[arg-type]  # several of a name
        )
        assert_is(answer, f"{FINE} | {TOO_LARGE}")


async def _varying(victim: Victim) -> None:
    """Send another ``Accept`` each time, which is cached."""
    for number in range(1, 601):
        accept = f"application/json;q=0.{number}," + f"a/{number}-{victim.attempt}," * 100
        headers = {"Content-Type": JSON, "Accept": accept, "Accept-Encoding": accept}
        assert_is(await send(victim, BODY, headers=headers), FINE)


HEADERS = [
    with_headers("a header of 8,000 letters", {"X-A": "a" * 8_000}, FINE),
    with_headers("a header of 100,000 letters", {"X-A": "a" * 100_000}, TOO_LARGE),
    with_headers("a name of 100,000 letters", {"a" * 100_000: "a"}, TOO_LARGE),
    with_headers("100 headers", {f"X-{n}": "a" * 8_000 for n in range(100)}, FINE),
    with_headers("1,000 headers", {f"X-{n}": "a" for n in range(1_000)}, TOO_LARGE),
    with_headers("a megabyte of headers", {f"X-{n}": "a" * 8_000 for n in range(130)}, TOO_LARGE),
    with_headers("a huge cookie", {"Cookie": "a=b;" * 2_000}, FINE),
    with_headers("a foreign origin", {"Origin": "https://evil.example"}, f"{FINE} | 403 FORBIDDEN"),
    with_headers("no origin at all", {"Origin": "null"}, f"{FINE} | 403 FORBIDDEN"),
    with_headers("an Authorization without a token", {"Authorization": "Bearer"}, FINE),
    with_headers("an Authorization of 8,000 letters", {"Authorization": "a" * 8_000}, FINE),
    with_headers("an Authorization by name", {"Authorization": "Basic YTpi"}, FINE),
    with_headers("a request id of its own", {"X-Request-Id": "<script>"}, FINE),
    with_headers("an address of its own", {"X-Forwarded-For": "127.0.0.1"}, FINE),
    with_headers("a method of its own", {"X-HTTP-Method-Override": "DELETE"}, FINE),
    with_headers("a URL of its own", {"X-Original-URL": "/metrics"}, FINE),
    with_headers("an Expect that is unknown", {"Expect": "the worst"}, "417 BAD_USER_INPUT"),
    with_headers("a range", {"Range": "bytes=0-1,2-3,4-5"}, FINE),
    with_headers("a trace", {"Traceparent": "00-" + "0" * 32 + "-" + "f" * 999}, FINE),
    with_headers("a place to resume at that is none", {"Last-Event-ID": "x"}, FINE),
    with_headers("every encoding", {"Accept-Encoding": "gzip;q=0.1," * 700}, FINE),
    with_headers("a cost that is asked for", {"GraphQL-Cost": "x" * 8_000}, FINE),
    Case("a megabyte of Accept", _long_accept),
    Case("a megabyte of If-None-Match", _long_tags),
    Case("600 ways to accept", _varying),
]
MUTATION = quote('mutation{deleteInviteParticipantsOperation(input:{id:"a"}){deletedId}}')
URLS = [
    getting("a mutation by GET", f"query={MUTATION}", NOT_ALLOWED),
    getting("a query of 100,000 letters", "query=" + "a" * 100_000, TOO_LARGE),
    getting("a query given twice", "query={a}&query={b}", BAD),
    getting("2,000 parameters", "query={__typename}&" + "a=b&" * 2_000, f"{FINE} | {TOO_LARGE}"),
    getting("variables that are a list", "query={__typename}&variables=[]", BAD),
    getting("variables that are no JSON", "query={__typename}&variables={", BAD),
    getting(
        "variables 2,000 deep", "query={__typename}&variables=" + "[" * 2_000, "400 LIMIT_EXCEEDED"
    ),
    getting("variables that are NaN", 'query={__typename}&variables={"a":NaN}', BAD),
    getting("extensions that are a number", "query={__typename}&extensions=1", BAD),
    getting("percent signs alone", "query=%&variables=%zz", BAD + " | 400 GRAPHQL_PARSE_FAILED"),
    getting("NUL", "query=%00", "400 GRAPHQL_PARSE_FAILED"),
    getting("bytes that are no UTF-8", "query=%ff%fe", "400 GRAPHQL_PARSE_FAILED"),
    getting("half surrogates", "query=%ed%a0%80", "400 GRAPHQL_PARSE_FAILED"),
    getting(
        "line breaks",
        "query={__typename}%0d%0aX-Injected:1",
        BAD + " | 400 GRAPHQL_VALIDATION_FAILED | 400 GRAPHQL_PARSE_FAILED",
    ),
    getting(
        "a query by GET that is deep",
        "query=" + "{a" * 2_000,
        "400 GRAPHQL_PARSE_FAILED | 400 LIMIT_EXCEEDED",
    ),
]


async def _echoes_nothing(victim: Victim) -> None:
    """Send line breaks wherever an answer might repeat them in its headers."""
    answer = await send(
        victim,
        BODY,
        path="/graphql?a=%0d%0aX-Injected:%201",
        headers={
            "Content-Type": JSON,
            "Origin": "https://a%0d%0aX-Injected: 1",
            "X-Request-Id": "a%0a",
        },
    )
    assert_valid_response(answer)
    assert "x-injected" not in answer.headers


CASES = [
    *METHODS,
    *TYPES,
    *ACCEPTED,
    *HEADERS,
    *URLS,
    Case("line breaks to repeat", _echoes_nothing),
]
