"""Requests that arrive when they do, however long the answers take: ``python arrivals.py PLAN``.

wrk sends the next request when the last is answered, so that a slow server is asked less and cannot
be overloaded. Here they arrive at a constant rate, and what a request takes is counted from when it
was to be sent, also if it could not be sent then. At most one is under way on a connection.
"""

import json
import select
import socket
import sys
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from time import perf_counter

from posts import numbered, posts

TIMEOUT_SECONDS = 10.0
WARM_UP_SECONDS = 1.0
_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "
_OK, _REFUSED = b"200", b"503"


@dataclass(frozen=True)
class Plan:
    """Which requests to send, and how many a second; without a rate, so many at once."""

    port: int
    workload: str
    operations: int
    rate: float
    seconds: float
    connections: int
    at_once: int = 0


@dataclass(frozen=True)
class Arrived:
    """What came of them: numbers of requests, and milliseconds that the accepted took."""

    seconds: float
    sent: int
    accepted: int
    refused: int
    without_retry_after: int
    failed: int
    timeouts: int
    p50: float
    p99: float
    longest: float
    refusal_p99: float
    held_up: float
    """The 99th percentile of how late the generator itself was, which has to be little."""

    @property
    def goodput(self) -> float:
        """Return the accepted requests a second."""
        return self.accepted / self.seconds


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    due: float = 0.0
    status: bytes = b""
    missing: int = 0


@dataclass
class _Tally:
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Generator:
    """Sends the requests of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._posts = posts(plan.workload, plan.operations)
        self._poll = select.epoll()
        self._connections = [self._connect() for _ in range(plan.connections)]
        _wait_until_taken(self._connections[-1].socket)
        self._by_file = {one.socket.fileno(): one for one in self._connections}
        self._free = deque(self._connections)
        self._due: deque[float] = deque()
        self._tally = _Tally()
        self._next = 0
        self._counted_from = 0.0

    def run(self) -> Arrived:
        """Send them all, and wait for the answers."""
        begin = perf_counter()
        self._counted_from = begin + WARM_UP_SECONDS
        end = self._counted_from + self._plan.seconds
        planned = 0
        while (now := perf_counter()) < end:
            if self._plan.rate:
                until = int((now - begin) * self._plan.rate)
                self._tally.late.append(now - begin - planned / self._plan.rate)
                self._due.extend(begin + n / self._plan.rate for n in range(planned, until))
                planned = until
            else:
                under_way = len(self._connections) - len(self._free) + len(self._due)
                self._due.extend([now] * (self._plan.at_once - under_way))
            self._send_due()
            self._receive(0.0 if self._due and self._free else 0.0005)
        self._finish()
        return self._arrived()

    def _finish(self) -> None:
        """Wait for what is under way, no longer than for a timeout."""
        end = perf_counter() + TIMEOUT_SECONDS
        while len(self._free) < len(self._connections) and perf_counter() < end:
            self._receive(0.05)
        self._tally.counts["timeouts"] += len(self._connections) - len(self._free)

    def _connect(self) -> _Connection:
        made = socket.create_connection(("127.0.0.1", self._plan.port), timeout=TIMEOUT_SECONDS)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.settimeout(0.0)
        self._poll.register(made.fileno(), select.EPOLLIN)
        return _Connection(made)

    def _send_due(self) -> None:
        due, free, all_of_them = self._due, self._free, self._posts
        while due and free:
            connection = free.popleft()
            connection.due = due.popleft()
            connection.socket.send(numbered(all_of_them[self._next % len(all_of_them)], self._next))
            self._next += 1
            self._tally.counts["sent"] += connection.due >= self._counted_from

    def _receive(self, seconds: float) -> None:
        for file, _ in self._poll.poll(seconds, 256):
            connection = self._by_file[file]
            data = connection.socket.recv(262_144)
            if not data:
                raise ConnectionError("The server closed a connection.")
            if connection.missing:
                connection.missing -= len(data)
            else:
                self._begin(connection, data)
            if not connection.missing:
                self._answered(connection)

    def _begin(self, connection: _Connection, data: bytes) -> None:
        """Read the head of an answer, which comes at once."""
        head = data.index(_END)
        length = data.index(_LENGTH) + len(_LENGTH)
        connection.status = data[9:12]
        connection.missing = (
            int(data[length : data.index(b"\r\n", length)]) + head + len(_END) - len(data)
        )
        if connection.status == _REFUSED and b"\r\nRetry-After: " not in data[:head]:
            self._tally.counts["without_retry_after"] += 1

    def _answered(self, connection: _Connection) -> None:
        self._free.append(connection)
        took = perf_counter() - connection.due
        if connection.due < self._counted_from:
            return
        if took > TIMEOUT_SECONDS:
            self._tally.counts["timeouts"] += 1
        elif connection.status == _OK:
            self._tally.accepted.append(took)
        elif connection.status == _REFUSED:
            self._tally.refused.append(took)
        else:
            self._tally.counts["failed"] += 1

    def _arrived(self) -> Arrived:
        tally = self._tally
        unsent = sum(due < perf_counter() - TIMEOUT_SECONDS for due in self._due)
        return Arrived(
            seconds=self._plan.seconds,
            sent=tally.counts["sent"],
            accepted=len(tally.accepted),
            refused=len(tally.refused),
            without_retry_after=tally.counts["without_retry_after"],
            failed=tally.counts["failed"],
            timeouts=tally.counts["timeouts"] + unsent,
            p50=_percentile(tally.accepted, 50),
            p99=_percentile(tally.accepted, 99),
            longest=_percentile(tally.accepted, 100),
            refusal_p99=_percentile(tally.refused, 99),
            held_up=_percentile(tally.late, 99),
        )


def _wait_until_taken(last: socket.socket) -> None:
    """Wait until the server has taken all connections: to take thousands is work of its own."""
    last.settimeout(TIMEOUT_SECONDS)
    last.send(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    last.recv(4_096)
    last.settimeout(0.0)


def _percentile(seconds: list[float], percent: int) -> float:
    """Return a percentile in milliseconds."""
    if not seconds:
        return 0.0
    return sorted(seconds)[min(len(seconds) * percent // 100, len(seconds) - 1)] * 1e3


def main() -> None:
    """Send the requests of the plan in the first argument, and print what came of them."""
    print(json.dumps(asdict(Generator(Plan(**json.loads(sys.argv[1]))).run())))


if __name__ == "__main__":
    main()
