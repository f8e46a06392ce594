"""WebSockets: frames and messages that violate their protocols, and floods."""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack

from support.documents import CHANGE_CURSOR, CREATE
from support.hostile.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HANDSHAKE,
    INIT,
    LOST,
    PING,
    PONG,
    TEXT,
    RawSocket,
    frame,
    open_socket,
    split,
)
from support.hostile.harness import Case, Victim, answers_in, assert_is, data, exchange

PROTOCOL_ERROR, TOO_LARGE, NOT_UTF_8, INVALID, UNAUTHORIZED = 1002, 1009, 1007, 4400, 4401
TAKEN, TOO_MANY_INITS = 4409, 4429
MEBIBYTE = 2**20


def message(**fields: object) -> bytes:
    """Return a message in a frame."""
    return frame(json.dumps(fields).encode())


def subscribe(id_: str, query: str = "{ __typename }", **payload: object) -> bytes:
    """Return the message that starts an operation."""
    return message(type="subscribe", id=id_, payload={"query": query, **payload})


FOLLOW = "subscription { changes { at } }"


Frames = bytes | Iterable[bytes] | Callable[[], Iterable[bytes]]
"""Frames, or a function that makes them if they are too large to keep."""


def joined(frames: Frames) -> bytes:
    """Concatenate frames."""
    if isinstance(frames, bytes):
        return frames
    return b"".join(frames() if callable(frames) else frames)


def closing(name: str, frames: Frames, *codes: int, init: bool = True) -> Case:
    """Return the case of frames after which the gateway closes the connection, and with which code.

    The connection may also be lost at once: what is sent after the fault is never read.
    """

    async def attack(victim: Victim) -> None:
        async with open_socket(victim, init=init) as socket:
            socket.write(joined(frames))
            code = await socket.wait_closed()

            assert code in {*codes, LOST}, code

    return Case(name, attack)


def bearing(name: str, frames: Frames) -> Case:
    """Return the case of unusual frames after which the connection stays open."""

    async def attack(victim: Victim) -> None:
        async with open_socket(victim) as socket:
            socket.write(joined(frames), message(type="ping", payload={"the": "last"}))
            while b'"last"' not in await socket.text():
                pass

    return Case(name, attack)


def refused(name: str, replaced: bytes, by: bytes, expected: str) -> Case:
    """Return the case of a handshake with a part of it replaced."""

    async def attack(victim: Victim) -> None:
        host, port = victim.address
        request = HANDSHAKE % (f"{host}:{port}".encode(), b"")
        assert replaced in request
        (answer,) = answers_in(await exchange(victim, request.replace(replaced, by)))
        assert_is(answer, expected)

    return Case(name, attack)


BAD = "400 BAD_USER_INPUT"
HANDSHAKES = [
    refused(
        "a handshake without a key", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"", BAD
    ),
    refused("a handshake with a short key", b"dGhlIHNhbXBsZSBub25jZQ==", b"AA==", BAD),
    refused("a handshake with a key that is none", b"dGhlIHNhbXBsZSBub25jZQ==", b"!" * 24, BAD),
    refused("a handshake with a key of bytes", b"dGhlIHNhbXBsZSBub25jZQ==", b"\xe3\x80\x82", BAD),
    refused(
        "a handshake with a key of 8,000 letters", b"dGhlIHNhbXBsZSBub25jZQ==", b"a" * 8_000, BAD
    ),
    refused("a handshake of version 8", b"Version: 13", b"Version: 4", BAD),
    refused("a handshake of no version", b"Sec-WebSocket-Version: 13\r\n", b"", BAD),
    refused(
        "a handshake of another origin",
        b"Upgrade: w",
        b"Origin: https://evil.example\r\nUpgrade: w",
        "403 BAD_USER_INPUT | 403 FORBIDDEN",
    ),
    refused(
        "a handshake of no origin at all",
        b"Upgrade: w",
        b"Origin: null\r\nUpgrade: w",
        "403 BAD_USER_INPUT | 403 FORBIDDEN",
    ),
    refused("a handshake by POST", b"GET ", b"POST ", f"{BAD} | 415 BAD_USER_INPUT"),
    refused("a handshake elsewhere", b"/graphql", b"/metrics", f"200 | {BAD} | 404 BAD_USER_INPUT"),
    refused("a handshake by HTTP/1.0", b"HTTP/1.1", b"HTTP/1.0", BAD),
]

FRAMES = [
    *[
        closing(f"reserved bits {bits:03b}", frame(INIT, reserved=bits), PROTOCOL_ERROR)
        for bits in (1, 2, 4, 7)
    ],
    *[
        closing(f"opcode {opcode}", frame(b"a", opcode), PROTOCOL_ERROR)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ],
    closing("a fragmented ping", frame(b"a", PING, end=False), PROTOCOL_ERROR),
    closing("a fragmented close", frame(b"", CLOSE, end=False), PROTOCOL_ERROR),
    closing("a ping of 126 bytes", frame(b"a" * 126, PING), PROTOCOL_ERROR),
    closing("a close of 126 bytes", frame(b"\x03\xe8" + b"a" * 124, CLOSE), PROTOCOL_ERROR),
    closing("a close of one byte", frame(b"\x03", CLOSE), PROTOCOL_ERROR),
    *[
        closing(f"a close with {code}", frame(code.to_bytes(2), CLOSE), PROTOCOL_ERROR, 1000, code)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2_999, 3_000, 4_999, 65_535)
    ],
    closing(
        "a close whose reason is no UTF-8", frame(b"\x03\xe8\xff", CLOSE), NOT_UTF_8, PROTOCOL_ERROR
    ),
    closing("a continuation of nothing", frame(b"a", CONTINUATION), PROTOCOL_ERROR),
    closing("an end of nothing", frame(b"", CONTINUATION), PROTOCOL_ERROR),
    closing(
        "a text within a text",
        [frame(b'{"type"', end=False), frame(INIT)],
        PROTOCOL_ERROR,
    ),
    bearing("a frame without a mask", frame(b'{"type":"ping"}', mask=None)),
    closing(
        "a frame masked with what is not the mask", frame(b'{"type":"ping"}', mask=b"abcd"), INVALID
    ),
    closing(
        "a frame that says it is huge",
        b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"\0" * 4,
        TOO_LARGE,
        PROTOCOL_ERROR,
    ),
    closing(
        "a frame that says it is more than huge",
        b"\x81\xff" + b"\xff" * 8 + b"\0" * 4,
        TOO_LARGE,
        PROTOCOL_ERROR,
    ),
    closing("a message of more than a mebibyte", lambda: [frame(b" " * (MEBIBYTE + 1))], TOO_LARGE),
    closing("fragments of more than a mebibyte", split(b" " * (MEBIBYTE + 1), 65_536), TOO_LARGE),
    closing(
        "fragments of four bytes without an end",
        lambda: [frame(b"a", end=False), frame(b"aaaa", CONTINUATION, end=False) * 270_000],
        TOO_LARGE,
    ),
    closing("binary", frame(INIT, BINARY), INVALID),
    closing("text that is no UTF-8", frame(b"\xff\xfe"), INVALID, NOT_UTF_8),
    closing(
        "half surrogates in bytes",
        frame(b'{"type":"ping","payload":{"a":"\xed\xa0\x80"}}'),
        INVALID,
        NOT_UTF_8,
    ),
    closing(
        "a compressed bomb", frame(zlib.compress(b" " * 100_000_000, 9), reserved=4), PROTOCOL_ERROR
    ),
    bearing(
        "a hundred thousand empty fragments",
        [
            frame(b'{"type":"ping"', end=False),
            frame(b"", CONTINUATION, end=False) * 100_000,
            frame(b"}", CONTINUATION),
        ],
    ),
    bearing(
        "a ping within a fragmented text",
        [frame(b'{"type"', end=False), frame(b"a", PING), frame(b':"ping"}', CONTINUATION)],
    ),
    bearing("a text in fragments of a byte", split(b'{"type":"ping"}', 1)),
    bearing("pongs that nobody asked for", frame(b"a", PONG) * 1_000),
]


def sent(name: str, text: str | bytes, code: int = INVALID) -> Case:
    """Return the case of a message."""
    return closing(name, frame(text if isinstance(text, bytes) else text.encode()), code)


MESSAGES = [
    *[
        sent(f"the message {text}", text)
        for text in (
            "",
            "1",
            "null",
            "[]",
            "{}",
            "{",
            '"a"',
            "NaN",
            '{"type":"start"}',
            '{"type":1}',
            '{"type":null}',
            '{"type":["ping"]}',
            '{"type":"connection_terminate"}',
            '{"type":"next","id":"1","payload":{}}',
        )
    ],
    *[
        sent(
            f"a subscribe whose {what} is {value}",
            f'{{"type":"subscribe","{what}":{value},"{other}":{right}}}',
        )
        for what, other, right, values in (
            (
                "id",
                "payload",
                '{"query":"{ __typename }"}',
                ("1", "null", "[]", '""', "{}", "true"),
            ),
            (
                "payload",
                "id",
                '"1"',
                (
                    "1",
                    "null",
                    "[]",
                    '"a"',
                    "{}",
                    '{"query":1}',
                    '{"query":null}',
                    '{"query":"{a}","variables":[]}',
                    '{"query":"{a}","operationName":7}',
                    '{"query":"{a}","extensions":"a"}',
                ),
            ),
        )
        for value in values
    ],
    sent("100,000 lists", b'{"type":"ping","payload":' + b"[" * 100_000),
    sent(
        "100,000 objects in the variables",
        b'{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":' + b'{"a":' * 100_000,
    ),
    sent("a megabyte of quotes", b'"' * 1_000_000),
    sent(
        "escaped quotes without an end",
        b'{"type":"subscribe","id":"1","payload":{"a":"' + b'\\"' * 500_000,
    ),
    sent("a number of 5,000 digits in an init", b'{"type":"ping","payload":' + b"9" * 5_000 + b"}"),
    closing("an init after the init", frame(INIT), TOO_MANY_INITS),
    closing(
        "an init with a payload that is none",
        frame(b'{"type":"connection_init","payload":1}'),
        INVALID,
        init=False,
    ),
    closing("an operation before the init", subscribe("1"), UNAUTHORIZED, init=False),
    closing(
        "an operation in the place of the init, and the init",
        [subscribe("1"), frame(INIT)],
        UNAUTHORIZED,
        init=False,
    ),
    closing("the same id twice", subscribe("1", FOLLOW) * 2, TAKEN),
    bearing("an id as long as may be", subscribe("a" * 128)),
    closing("an id that is longer", subscribe("a" * 129), INVALID),
    closing(
        "50 subscriptions with ids of a megabyte",
        lambda: (subscribe(str(number).ljust(1_000_000), FOLLOW) for number in range(50)),
        INVALID,
    ),
    sent("an id that is half a surrogate", '{"type":"complete","id":"\\ud800"}'),
    bearing("an end of what never began", message(type="complete", id="1") * 1_000),
    bearing(
        "a ping with a payload of half a megabyte",
        message(type="ping", payload={"a": "a" * 500_000}),
    ),
    bearing(
        "an operation that is ended at once",
        (subscribe("1", FOLLOW) + message(type="complete", id="1")) * 500,
    ),
    bearing("a document that does not parse", subscribe("1", "{")),
    bearing(
        "2^24 expansions of fragments",
        subscribe(
            "1",
            "{...F0}"
            + "".join(f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(24))
            + "fragment F24 on Query{__typename}",
        ),
    ),
    bearing(
        "two roots of a subscription", subscribe("1", "subscription{a:changes{at} b:changes{at}}")
    ),
    bearing("a place that is none", subscribe("1", 'subscription{changes(after:"x"){at}}')),
    bearing("a number of 5,000 digits", subscribe("1", f"{{node(id:{'9' * 5_000}){{id}}}}")),
    closing("half surrogates", subscribe("1", "\ud800", operationName="\udfff"), INVALID),
]


def flood(name: str, one: bytes, times: int) -> Case:
    """Return the case of a flood after which the connection stays open."""
    return bearing(f"{times:,} {name}", lambda: [one] * times)


FLOODS = [
    flood("pings", frame(b"", PING), 50_000),
    flood("pings of 125 bytes", frame(b"a" * 125, PING), 50_000),
    flood("ping messages", message(type="ping"), 30_000),
    flood("pong messages", message(type="pong"), 30_000),
    bearing("1,000 queries", lambda: [subscribe(str(number)) for number in range(1_000)]),
    bearing("2,000 subscribes", [subscribe(str(number), FOLLOW) for number in range(2_000)]),
    bearing(
        "2,000 subscribes of what is invalid",
        lambda: [subscribe(str(number), f"{{ a{number} }}") for number in range(2_000)],
    ),
    bearing(
        "5,000 subscribes beyond the limit",
        [
            *[subscribe(f"a{number}", FOLLOW) for number in range(100)],
            *[subscribe(str(number)) for number in range(5_000)],
        ],
    ),
    closing("a million empty frames", frame(b"") * 1_000_000, INVALID),
]


async def _never_initialised(victim: Victim) -> None:
    """Open 300 connections that send nothing more, and abandon them."""
    async with AsyncExitStack() as stack:
        for _ in range(300):
            await stack.enter_async_context(open_socket(victim, init=False))


async def _many(victim: Victim) -> None:
    """Open 500 connections, each with a subscription, and make a change."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(victim)) for _ in range(500)]
        for number, socket in enumerate(sockets):
            socket.write(
                subscribe(str(number), f"subscription {{ changes {{ at a{number % 10}: at }} }}")
            )
            socket.write(message(type="ping"))
            await socket.text()
        sockets[0].write(subscribe("0m", CREATE))
        for socket in sockets:
            while b'"next"' not in (text := await socket.text()):
                assert text.startswith((b'{"type":"ping"', b'{"type":"pong"')), text


async def _unread(victim: Victim) -> None:
    """Request the schema 100 times on each of 20 connections, and read nothing."""
    async with AsyncExitStack() as stack:
        for _ in range(20):
            socket = await stack.enter_async_context(open_socket(victim))
            socket.write(
                *[subscribe(str(n), "{__schema{types{name fields{name}}}}") for n in range(100)]
            )
        await asyncio.sleep(0.5)


async def _gone(victim: Victim) -> None:
    """Disconnect in the middle of operations, 100 times."""
    for number in range(100):
        async with open_socket(victim) as socket:
            socket.write(
                *[subscribe(str(n), FOLLOW) for n in range(5)], subscribe("5")[: number % 60]
            )


KINDS = (
    "application",
    "applicationInstance",
    "assertedIdentity",
    "azureCommunicationServicesUser",
    "device",
    "encrypted",
    "guest",
    "onPremises",
    "phone",
    "user",
)


async def _filters(victim: Victim) -> None:
    """Subscribe with 20 filters of 95 conditions, each of which is evaluated 2,000 times.

    Only the last evaluation matches, which shows that all were completed. A slow gateway refuses
    some of the subscriptions, and sends pings.
    """
    texts = [f"zz{number}" for number in range(94)] + ["é"]
    conditions = [
        {"identity": {"any": {"displayName": {"contains": text, "ignoreCase": True}}}}
        for text in texts
    ]
    everybody = {"identity": {kind: {"displayName": "Zoé" * 5} for kind in KINDS}}
    follow = (
        "subscription($f:InviteParticipantsOperationFilter,$a:String)"
        "{changes(filter:$f,after:$a){at}}"
    )
    here = (await data(victim, CHANGE_CURSOR))["inviteParticipantsOperations"]["changeCursor"]
    async with open_socket(victim) as socket:
        for number in range(20):
            where = {
                "clientContext": {"neq": str(number)},
                "participants": {"every": {"or": conditions}},
            }
            socket.write(subscribe(str(number), follow, variables={"f": where, "a": here}))
        socket.write(message(type="ping"))
        refused = 0
        while b'"pong"' not in (text := await socket.text()):
            assert b"OVERLOADED" in text, text
            refused += 1
        await data(
            victim,
            "mutation($i:CreateInviteParticipantsOperationInput!)"
            "{createInviteParticipantsOperation(input:$i){errors{code}}}",
            i={"participants": [everybody] * 200},
        )
        completed = 0
        while completed + refused < 20:
            text = await socket.text()
            completed += b'"next"' in text
            refused += b"OVERLOADED" in text
            assert any(kind in text for kind in (b'"next"', b"OVERLOADED", b'"ping"')), text
        assert completed


async def _half_a_frame(victim: Victim) -> None:
    """Start 100 large frames, and send nothing of their payloads."""
    async with AsyncExitStack() as stack:
        for _ in range(100):
            socket: RawSocket = await stack.enter_async_context(open_socket(victim))
            socket.write(frame(b"a" * 900_000, TEXT)[:20])
        await asyncio.sleep(0.3)


CASES = [
    *HANDSHAKES,
    *FRAMES,
    *MESSAGES,
    *FLOODS,
    Case("300 connections without an init", _never_initialised),
    Case("500 connections that follow", _many),
    Case("20 connections that read nothing", _unread),
    Case("20 filters that take long", _filters),
    Case("100 connections that are lost", _gone),
    Case("100 halves of a frame", _half_a_frame),
]
