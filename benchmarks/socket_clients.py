"""Clients that use sockets directly, to use little CPU time: subscribers and a writer."""

import base64
import json
import os
import re
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any

from graphql_requests import document, http_post

PING, PONG = b"\x89\x00", b"\x8a\x80\x00\x00\x00\x00"
TEXT, MASKED, TWO_BYTES = 0x81, 0x80, 126
"""Parts of the header of a frame (RFC 6455, section 5.2)."""

_CONTEXT = b'"clientContext"'
_SENT_AT = re.compile(_CONTEXT + rb': ?"(\d+)"')


def connect(port: int, timeout: float) -> socket.socket:
    """Connect to a server on this machine; ``timeout`` is in seconds."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Subscriber:
    """A client of graphql-transport-ws that subscribes to all changes and counts the events."""

    def __init__(self, port: int) -> None:
        self.socket = connect(port, timeout=60)
        self.events = 0
        self._incomplete = b""

    def receive(self) -> None:
        """Read the data that has arrived.

        Raises ``RuntimeError`` if the server closed the connection.
        """
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise RuntimeError("The server closed the connection of a subscriber.")
        if PING in data:
            self.socket.send(PONG)
        self._incomplete = self._read(self._incomplete + data)

    def _read(self, data: bytes) -> bytes:
        """Count events; return the end of the data, which may be a part of the next event."""
        self.events += data.count(_CONTEXT)
        return data[1 - len(_CONTEXT) :]

    def send_upgrade(self) -> None:
        """Request a WebSocket."""
        key = base64.b64encode(os.urandom(16)).decode()
        port = self.socket.getpeername()[1]
        self.socket.sendall(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def send_connection_init(self) -> None:
        """Start the protocol, once the WebSocket is open."""
        self._wait_for(b" 101 ", end=b"\r\n\r\n")
        self._send({"type": "connection_init"})

    def send_subscribe(self) -> None:
        """Subscribe to all changes, once the connection is acknowledged."""
        self._wait_for(b"connection_ack", end=b"}")
        self._send({"id": "1", "type": "subscribe", "payload": {"query": document("follow")}})
        self.socket.settimeout(0)

    def _wait_for(self, expected: bytes, *, end: bytes) -> None:
        data = b""
        while end not in data and (more := self.socket.recv(4_096)):
            data += more
        if expected not in data:
            raise RuntimeError(f"Expected {expected!r}, received {data!r}.")

    def _send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        no_mask = 0
        header = struct.pack("!BBHI", TEXT, MASKED | TWO_BYTES, len(payload), no_mask)
        self.socket.sendall(header + payload)


class TimingSubscriber(Subscriber):
    """A subscriber that measures the latency of each event."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.latencies: list[float] = []
        """The milliseconds from sending each change to receiving its event."""
        self.first = b""
        """The frames that contain the first event."""

    def _read(self, data: bytes) -> bytes:
        now = time.perf_counter_ns()
        end = 0
        for found in _SENT_AT.finditer(data):
            self.latencies.append((now - int(found[1])) / 1e6)
            end = found.end()
        self.events = len(self.latencies)
        self.first = self.first or (data[:end] and data)
        return data[end:]


def subscribe_all(subscribers: Iterable[Subscriber]) -> None:
    """Subscribe several clients at the same time."""
    for step in (
        Subscriber.send_upgrade,
        Subscriber.send_connection_init,
        Subscriber.send_subscribe,
    ):
        for subscriber in subscribers:
            step(subscriber)


class Writer:
    """A client that creates operations, one at a time, with the time of sending in each."""

    def __init__(self, port: int) -> None:
        self.socket = connect(port, timeout=60)
        self._response = b""

    def create(self) -> None:
        """Send a mutation."""
        variables = {"input": {"clientContext": str(time.perf_counter_ns()), "status": "Running"}}
        body = json.dumps({"query": document("create"), "variables": variables}).encode()
        self.socket.sendall(http_post(body))

    def receive(self) -> bool:
        """Read the data that has arrived; return whether the response is complete.

        Raises ``RuntimeError`` for a response with an error, and ``ConnectionResetError`` if the
        server closed the connection.
        """
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError(f"The connection was closed after {self._response!r}.")
        self._response += data
        head, _, body = self._response.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not length or len(body) < int(length[1]):
            return False
        payload = json.loads(body)["data"]["createInviteParticipantsOperation"]
        if not payload["operation"] or payload["errors"]:
            raise RuntimeError(f"The mutation failed: {self._response!r}")
        self._response = b""
        return True
