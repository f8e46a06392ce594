"""Raw HTTP: framing that two servers could parse differently, and bytes that are not HTTP."""

from support.hostile.harness import (
    Case,
    Victim,
    answers_in,
    assert_valid_response,
    exchange,
    exchanging,
)

BODY = b'{"query": "{ __typename }"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
START = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"0\r\n\r\n"
BAD = "400 BAD_USER_INPUT"
FINE = "200"
TOO_LONG = f"{BAD} | 431 LIMIT_EXCEEDED"
SILENCE = ""


def post(headers: bytes, body: bytes = BODY, start: bytes = START) -> bytes:
    """Return a POST with these headers."""
    return start + headers + b"\r\n" + body


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    """Return a chunk."""
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


FRAMING = [
    exchanging("both lengths", post(LENGTH + CHUNKED, LAST + SMUGGLED), BAD),
    exchanging(
        "both lengths, the other way round", post(CHUNKED + LENGTH, chunk(BODY) + LAST), BAD
    ),
    exchanging("two lengths", post(LENGTH + b"Content-Length: 5\r\n", BODY + SMUGGLED), BAD),
    exchanging("two lengths that agree", post(LENGTH * 2), f"{FINE} | {BAD}"),
    exchanging("two lengths in one", post(b"Content-Length: 27, 27\r\n"), BAD),
    *[
        exchanging(f"a length of {length!r}", post(b"Content-Length: %b\r\n" % length), BAD)
        for length in (
            b"-1",
            b"+27",
            b"0x1b",
            b"27.0",
            b"2 7",
            b"27a",
            b"1e1",
            b"\xb2\xb7",
            b"99999999999999999999",
            b"9" * 5_000,
            b"27;a",
            b"",
        )
    ],
    *[
        exchanging(
            f"a coding of {coding!r}",
            post(b"Transfer-Encoding: %b\r\n" % coding, chunk(BODY) + LAST),
            expected,
        )
        for coding, expected in (
            (b"chunked, identity", BAD),
            (b"identity", BAD),
            (b"gzip, chunked", BAD),
            (b"xchunked", BAD),
            (b"chunked, chunked", BAD),
            (b"\x0bchunked", BAD),
            (b"chunked\x00", BAD),
            (b"cow", BAD),
            (b"CHUNKED", f"{FINE} | {BAD}"),
        )
    ],
    exchanging("two codings", post(CHUNKED + b"Transfer-Encoding: cow\r\n", LAST + SMUGGLED), BAD),
    exchanging(
        "a coding with a space before its colon",
        post(b"Transfer-Encoding : chunked\r\n" + LENGTH, BODY),
        BAD,
    ),
    exchanging(
        "a coding by HTTP/1.0",
        post(CHUNKED, chunk(BODY) + LAST + SMUGGLED, START.replace(b"1.1", b"1.0")),
        BAD,
    ),
    exchanging(
        "a body by GET that is the next request",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
        % (len(SMUGGLED), SMUGGLED),
        FINE,
    ),
    exchanging(
        "less than announced, and the next request",
        post(b"Content-Length: 5\r\n", b'{"a":' + SMUGGLED),
        f"{BAD}, {FINE}",
    ),
    exchanging("more than announced", post(b"Content-Length: 20\r\n"), BAD),
    exchanging("less than announced", post(b"Content-Length: 50\r\n"), SILENCE),
]


def chunked(name: str, body: bytes, expected: str) -> Case:
    """Return the case of a chunked body."""
    return exchanging(name, post(CHUNKED, body), expected)


CHUNKS = [
    chunked("no size", b"\r\n" + BODY + b"\r\n" + LAST, BAD),
    chunked("a size of letters", b"ZZ\r\n" + BODY, BAD),
    chunked("a size below 0", b"-1\r\n" + BODY, BAD),
    chunked("a size with 0x", b"0x1b\r\n" + BODY + b"\r\n" + LAST, BAD),
    chunked("a size with a space before it", b" 1b\r\n" + BODY + b"\r\n" + LAST, BAD),
    chunked("a size of 16 digits", b"F" * 16 + b"\r\n" + BODY, f"{BAD} | {SILENCE}"),
    chunked("a size of 17 digits", b"F" * 17 + b"\r\n" + BODY, BAD),
    chunked("a size of 100,000 zeros", b"0" * 100_000 + b"\r\n\r\n", f"{BAD} | {SILENCE}"),
    chunked("a size and no carriage return", b"1b\n" + BODY + b"\n0\n\n", BAD),
    chunked("a chunk longer than its size", b"5\r\n" + BODY + b"\r\n" + LAST, BAD),
    chunked("an extension", chunk(BODY, b";a=b") + LAST, FINE),
    chunked(
        "an extension of a megabyte",
        b"1;" + b"a" * 1_000_000 + b"\r\n{\r\n" + LAST,
        f"{BAD} | 413 LIMIT_EXCEEDED",
    ),
    chunked("an extension with a line break", b"1b;a\n" + BODY + b"\r\n" + LAST, BAD),
    chunked("a trailer", chunk(BODY) + b"0\r\nX-A: b\r\n\r\n", FINE),
    chunked(
        "a trailer that sets the length",
        chunk(BODY) + b"0\r\nContent-Length: 5\r\n\r\n",
        f"{FINE} | {BAD}",
    ),
    chunked(
        "100,000 trailers",
        chunk(BODY) + b"0\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n",
        f"{BAD} | {FINE}",
    ),
    chunked("100,000 chunks of a byte", chunk(b" ") * 100_000 + chunk(BODY) + LAST, FINE),
    chunked("200,000 chunks of four bytes", chunk(b"    ") * 200_000 + chunk(BODY) + LAST, FINE),
    chunked("two megabytes in chunks", chunk(b" " * 65_536) * 32 + LAST, "413 LIMIT_EXCEEDED"),
    chunked("no end", chunk(BODY), SILENCE),
]


def get(headers: bytes, target: bytes = b"/health/live", version: bytes = b"HTTP/1.1") -> bytes:
    """Return a GET."""
    return b"GET %b %b\r\n%b\r\n" % (target, version, headers)


HOST = b"Host: localhost\r\n"
HEADS = [
    exchanging("no host", get(b""), f"{BAD} | {FINE}"),
    exchanging("two hosts", get(HOST + b"Host: b\r\n"), BAD),
    exchanging(
        "two bearers", get(HOST + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), BAD
    ),
    exchanging("HTTP/1.0", get(HOST, version=b"HTTP/1.0"), FINE),
    exchanging("HTTP/0.9", b"GET /health/live\r\n", SILENCE),
    exchanging("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0", BAD),
    *[
        exchanging(
            f"an upgrade to {protocol.decode()} that is not taken, and the next request",
            get(HOST + b"Connection: Upgrade\r\nUpgrade: %b\r\n" % protocol) + SMUGGLED,
            FINE,
        )
        for protocol in (b"h2c", b"websocket", b"TLS/1.0", b"xyz")
    ],
    exchanging(
        "an upgrade and a body, and the next request",
        post(LENGTH + b"Connection: Upgrade\r\nUpgrade: h2c\r\n") + SMUGGLED,
        FINE,
    ),
    exchanging("HTTP/1.2", get(HOST, version=b"HTTP/1.2"), BAD),
    exchanging("HTTP/11", get(HOST, version=b"HTTP/11"), BAD),
    exchanging("http/1.1", get(HOST, version=b"http/1.1"), BAD),
    exchanging(
        "no version, and headers", b"GET /health/live\r\nHost: localhost\r\n\r\n", f"{BAD} | {FINE}"
    ),
    exchanging("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500, BAD),
    exchanging("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", BAD),
    exchanging("SMTP", b"EHLO a\r\nMAIL FROM:<a@b>\r\n", BAD),
    exchanging("Redis", b"*1\r\n$8\r\nFLUSHALL\r\n", BAD),
    exchanging("a PROXY line", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + SMUGGLED, BAD),
    exchanging("a megabyte of zeros", b"\0" * 1_000_000, BAD),
    exchanging("a megabyte of letters", b"a" * 1_000_000, BAD),
    exchanging("a megabyte of spaces", b" " * 1_000_000, BAD),
    exchanging("half a million empty lines", b"\r\n" * 500_000 + SMUGGLED, f"{FINE} | {BAD}"),
    exchanging("a target of a megabyte", get(HOST, b"/" + b"a" * 1_000_000), TOO_LONG),
    exchanging("a header of a megabyte", get(HOST + b"A: " + b"a" * 1_000_000 + b"\r\n"), TOO_LONG),
    exchanging("a name of a megabyte", get(HOST + b"a" * 1_000_000 + b": a\r\n"), TOO_LONG),
    exchanging("100,000 headers", get(HOST + b"A: b\r\n" * 100_000), BAD),
    exchanging(
        "100,000 headers, each another",
        lambda: get(HOST + b"".join(b"A%d: b\r\n" % n for n in range(100_000))),
        BAD,
    ),
    exchanging("a header folded", get(HOST + b"A: b\r\n c\r\n"), f"{BAD} | {FINE}"),
    exchanging("a header folded at the start", get(b" A: b\r\n" + HOST), BAD),
    exchanging("a header without a colon", get(HOST + b"A\r\n"), BAD),
    exchanging("a header without a name", get(HOST + b": b\r\n"), BAD),
    *[
        exchanging(f"a name with {byte!r}", get(HOST + b"A%bB: c\r\n" % byte), BAD)
        for byte in (b" ", b"\t", b"\0", b"\xff", b"(", b"@", b"\x7f", b"\n", b"\r")
    ],
    *[
        exchanging(f"a value with {byte!r}", get(HOST + b"A: b%bc\r\n" % byte), f"{BAD} | {FINE}")
        for byte in (b"\0", b"\r", b"\n", b"\x7f", b"\x0b", b"\xff", b"\xc2\x85")
    ],
    exchanging(
        "lines that end in LF", b"GET /health/live HTTP/1.1\nHost: a\n\n", f"{BAD} | {FINE}"
    ),
    exchanging(
        "lines that end in CR", b"GET /health/live HTTP/1.1\rHost: a\r\r", f"{BAD} | {SILENCE}"
    ),
    exchanging(
        "CONNECT",
        b"CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n" + SMUGGLED,
        "404 BAD_USER_INPUT",
    ),
    exchanging(
        "OPTIONS *",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "404 BAD_USER_INPUT | 204 | " + BAD,
    ),
    exchanging(
        "a target with another host",
        get(HOST, b"http://b/graphql?query={__typename}"),
        f"{FINE} | 404 BAD_USER_INPUT | {BAD}",
    ),
    exchanging(
        "a target that is a broken URL",
        get(HOST, b"http://[/graphql"),
        f"404 BAD_USER_INPUT | {BAD}",
    ),
    exchanging(
        "a target with a port too many",
        get(HOST, b"http://a:99999/graphql"),
        f"404 BAD_USER_INPUT | {BAD}",
    ),
    *[
        exchanging(
            f"a target whose host is no name: {method.decode()} {target.decode()}",
            b"%b %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (method, target),
            BAD,
        )
        for method, target in (
            (b"GET", b"http://xn--/graphql"),
            (b"POST", b"http://u:p@xn--/graphql"),
            (b"OPTIONS", b"http://xn--a/"),
            (b"GET", b"ws://xn--zzzzzz:80/graphql"),
            (b"CONNECT", b"xn--:443"),
        )
    ],
    exchanging("a target of bytes", get(HOST, b"/\xff\xfe"), f"404 BAD_USER_INPUT | {BAD}"),
    exchanging("a target with a space", get(HOST, b"/health/live and more"), BAD),
    exchanging("two targets", get(HOST, b"//health/live"), "404 BAD_USER_INPUT"),
    exchanging("a fragment", get(HOST, b"/health/live#a"), f"404 BAD_USER_INPUT | {FINE} | {BAD}"),
    exchanging("no target", b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n", BAD),
    exchanging("a method of a megabyte", b"A" * 1_000_000 + b" / HTTP/1.1\r\n\r\n", BAD),
    exchanging(
        "a method in small letters",
        b"get /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"{BAD} | 405 BAD_USER_INPUT",
    ),
    exchanging("an Expect and no body", post(LENGTH + b"Expect: 100-continue\r\n", b""), "100"),
    exchanging(
        "a Content-Type of bytes",
        START.replace(b"application/json", b"\xff\xfe") + LENGTH + b"\r\n" + BODY,
        "415 BAD_USER_INPUT",
    ),
    exchanging(
        "a keep-alive of its own", get(HOST + b"Keep-Alive: timeout=999999, max=0\r\n"), FINE
    ),
    exchanging(
        "a connection that names headers to drop",
        post(LENGTH + b"Connection: Content-Length, Host\r\n"),
        FINE,
    ),
]


async def _pipelined(victim: Victim) -> None:
    """Send 500 requests before reading the first response: all are answered, in order."""
    documents = [b'{"query": "{ a%d: __typename }"}' % number for number in range(500)]
    requests = [post(b"Content-Length: %d\r\n" % len(body), body) for body in documents]
    received = await exchange(victim, b"".join(requests), answers=len(requests))
    answers = answers_in(received)
    assert len(answers) == len(requests)
    for number, answer in enumerate(answers):
        assert_valid_response(answer)
        assert b'"a%d"' % number in answer.body


async def _pipelined_after_a_fault(victim: Victim) -> None:
    """Send requests after one that cannot be parsed: they must not be executed."""
    received = await exchange(victim, b"GARBAGE\r\n\r\n" + SMUGGLED * 50)
    assert [str(answer) for answer in answers_in(received)] == [BAD]


CASES = [
    *FRAMING,
    *CHUNKS,
    *HEADS,
    Case("500 requests at once", _pipelined),
    Case("requests after a broken one", _pipelined_after_a_fault),
]
