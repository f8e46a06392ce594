"""Clients on bare sockets, which take next to no time: one that subscribes, one that writes."""

import base64
import json
import os
import re
import socket
import struct
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parent / "documents"
PING, PONG = b"\x89\x00", b"\x8a\x80\x00\x00\x00\x00"
TEXT, MASKED, TWO_BYTES = 0x81, 0x80, 126
"""Of the heads of frames (RFC 6455, section 5.2)."""

_CONTEXT = b'"clientContext"'
_SENT = re.compile(_CONTEXT + rb': ?"(\d+)"')


@cache
def document(name: str) -> str:
    """Return a document in one line."""
    return " ".join((DOCUMENTS / f"{name}.graphql").read_text().split())


def _connected(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout=60)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


class Subscriber:
    """A client of graphql-transport-ws that follows all changes, and counts them."""

    def __init__(self, port: int) -> None:
        self.socket = _connected(port)
        self.events = 0
        self._rest = b""

    def take(self) -> None:
        """Take in what has come."""
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise RuntimeError("A subscriber was cut off.")
        if PING in data:
            self.socket.send(PONG)
        self._rest = self._read(self._rest + data)

    def _read(self, data: bytes) -> bytes:
        """Look at data; return what is to be looked at again with what follows."""
        self.events += data.count(_CONTEXT)
        return data[1 - len(_CONTEXT) :]

    def ask(self) -> None:
        """Ask for a WebSocket."""
        key = base64.b64encode(os.urandom(16)).decode()
        port = self.socket.getpeername()[1]
        self.socket.sendall(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def begin(self) -> None:
        """Begin to speak the protocol, once there is a WebSocket."""
        self._await(b"\r\n\r\n", b" 101 ")
        self._say({"type": "connection_init"})

    def follow(self) -> None:
        """Follow all changes, once acknowledged."""
        self._await(b"}", b"connection_ack")
        self._say({"id": "1", "type": "subscribe", "payload": {"query": document("follow")}})
        self.socket.settimeout(0)

    def _await(self, end: bytes, wanted: bytes) -> None:
        data = b""
        while end not in data and (more := self.socket.recv(4_096)):
            data += more
        if wanted not in data:
            raise RuntimeError(f"{wanted!r} did not come: {data!r}")

    def _say(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        no_mask = 0
        head = struct.pack("!BBHI", TEXT, MASKED | TWO_BYTES, len(payload), no_mask)
        self.socket.sendall(head + payload)


class Listener(Subscriber):
    """A subscriber that looks at how long each change took to come."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.delays: list[float] = []
        """In milliseconds, from when a change was sent to be made."""
        self.first = b""
        """The frames among which the first event is."""

    def _read(self, data: bytes) -> bytes:
        now = time.perf_counter_ns()
        end = 0
        for found in _SENT.finditer(data):
            self.delays.append((now - int(found[1])) / 1e6)
            end = found.end()
        self.events = len(self.delays)
        self.first = self.first or (data[:end] and data)
        return data[end:]


def subscribe(subscribers: Iterable[Subscriber]) -> None:
    """Let some subscribe side by side."""
    for step in (Subscriber.ask, Subscriber.begin, Subscriber.follow):
        for subscriber in subscribers:
            step(subscriber)


class Writer:
    """A client that makes changes, one at a time, each telling when it was sent."""

    def __init__(self, port: int) -> None:
        self.socket = _connected(port)
        self._answer = b""

    def create(self) -> None:
        """Ask for a new operation."""
        variables = {"input": {"clientContext": str(time.perf_counter_ns()), "status": "Running"}}
        body = json.dumps({"query": document("create"), "variables": variables}).encode()
        self.socket.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Accept: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    def is_answered(self) -> bool:
        """Take in what has come; raise ``RuntimeError`` for an answer that is a failure.

        Raises ``ConnectionResetError`` when there is nothing more to come.
        """
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError(f"The server hung up after {self._answer!r}.")
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not length or len(body) < int(length[1]):
            return False
        payload = json.loads(body)["data"]["createInviteParticipantsOperation"]
        if not payload["operation"] or payload["errors"]:
            raise RuntimeError(f"It was not made: {self._answer!r}")
        self._answer = b""
        return True
