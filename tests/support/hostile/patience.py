"""Large numbers of clients that send slowly, read slowly, or are idle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from support.documents import CREATE
from support.hostile.bytes_on_the_wire import BODY, CHUNKED, LENGTH, START, chunk, post
from support.hostile.harness import Case, Victim, answers_in, assert_valid_response, data

SLOW_CLIENTS = 200
STEPS = 20
BETWEEN = 0.02
SILENT_CLIENTS = 3_000
STREAMS = 500

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connections(victim: Victim, count: int) -> AsyncIterator[list[Connection]]:
    """Open connections, some at a time, and close them all."""
    async with AsyncExitStack() as stack:
        opened: list[Connection] = []
        while len(opened) < count:
            some = [asyncio.open_connection(*victim.address) for _ in range(100)]
            for connection in await asyncio.gather(*some):
                stack.callback(connection[1].close)
                opened.append(connection)
        yield opened[:count]


def slowly(name: str, request: bytes, at_once: bytes = b"") -> Case:
    """Return the case of many clients that send a request a byte at a time, and never all of it."""

    async def attack(victim: Victim) -> None:
        async with connections(victim, SLOW_CLIENTS) as opened:
            for _, writer in opened:
                writer.write(at_once)
            for step in range(STEPS):
                for _, writer in opened:
                    with suppress(ConnectionError):
                        writer.write(request[step : step + 1])
                await asyncio.sleep(BETWEEN)

    return Case(f"{SLOW_CLIENTS} clients that send {name} byte by byte", attack)


def unread(name: str, request: bytes, times: int) -> Case:
    """Return the case of clients that request much and read none of it."""

    async def attack(victim: Victim) -> None:
        async with connections(victim, 20) as opened:
            for _, writer in opened:
                writer.write(request * times)
            await asyncio.sleep(STEPS * BETWEEN)

    return Case(f"20 clients that ask for {name} and do not read", attack)


def disconnecting(name: str, request: bytes) -> Case:
    """Return the case of clients that disconnect before they are answered."""

    async def attack(victim: Victim) -> None:
        for _ in range(10):
            async with connections(victim, 20) as opened:
                for _, writer in opened:
                    writer.write(request)
                    await writer.drain()
                    writer.transport.abort()

    return Case(f"200 clients that leave during {name}", attack)


INTROSPECTION = b'{"query": "{ __schema { types { name fields { name type { name } } } } }"}'
SUBSCRIPTION = b'{"query": "subscription { changes { at } }"}'
STREAMED = START + b"Accept: text/event-stream\r\n"


def _typed(body: bytes, start: bytes = START) -> bytes:
    return post(b"Content-Length: %d\r\n" % len(body), body, start)


async def _silent(victim: Victim) -> None:
    """Open thousands of connections and send nothing."""
    async with connections(victim, SILENT_CLIENTS):
        assert (await data(victim, "{ __typename }"))["__typename"] == "Query"


async def _silent_after_an_answer(victim: Victim) -> None:
    """Open a thousand connections, send a request on each, and keep them."""
    async with connections(victim, 1_000) as opened:
        for reader, writer in opened:
            writer.write(_typed(BODY))
            received = await reader.readuntil(b'{"data":{"__typename":"Query"}}')
            for answer in answers_in(received):
                assert_valid_response(answer)


async def _subscribed(victim: Victim) -> None:
    """Follow the changes hundreds of times, while one change is made."""
    async with connections(victim, STREAMS) as opened:
        for reader, writer in opened:
            writer.write(_typed(SUBSCRIPTION, STREAMED))
            await reader.readuntil(b"\n\n\r\n")  # the end of the first chunk
        await data(victim, CREATE)
        for reader, _ in opened:
            assert b'"changes"' in await reader.readuntil(b"}}}\n\n")


async def _half_closed(victim: Victim) -> None:
    """End what is sent in the middle of a request, and keep the connection."""
    async with connections(victim, 100) as opened:
        for _, writer in opened:
            writer.write(post(LENGTH, BODY[:9]))
            writer.write_eof()
        await asyncio.sleep(STEPS * BETWEEN)


CASES = [
    slowly("a head", START),
    slowly("no HTTP", b"a" * STEPS),
    slowly("a body", BODY, at_once=post(LENGTH, b"")),
    slowly("chunks", b"1;aaaaaaaaaaaaaaaaaaaaa", at_once=post(CHUNKED, b"")),
    unread("the schema", _typed(INTROSPECTION), 50),
    unread("a page", b"GET /schema.graphql HTTP/1.1\r\nHost: localhost\r\n\r\n", 100),
    disconnecting("a request", post(LENGTH, BODY[:9])),
    disconnecting("an answer", _typed(INTROSPECTION)),
    disconnecting("a stream", _typed(SUBSCRIPTION, STREAMED)),
    disconnecting("chunks", post(CHUNKED, chunk(BODY))),
    Case(f"{SILENT_CLIENTS:,} connections that say nothing", _silent),
    Case("1,000 connections that are kept", _silent_after_an_answer),
    Case(f"{STREAMS} streams of changes", _subscribed),
    Case("100 requests that end in the middle", _half_closed),
]
