"""An open-loop load generator: ``python open_loop.py PLAN``.

wrk is a closed loop: it sends the next request when the last is answered, so that it cannot
overload a server. Here requests are due at a constant rate, and the latency of each is measured
from when it was due, even if no connection was free then. A connection has at most one request in
progress.
"""

import json
import random
import select
import socket
import sys
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from time import perf_counter

from data import operation_id
from graphql_requests import draw_names, http_post, replace_number, request_body
from percentiles import percentile
from socket_clients import connect

DISTINCT_REQUESTS = 4_096
TIMEOUT_SECONDS = 10.0
WARM_UP_SECONDS = 1.0
_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "
_OK, _UNAVAILABLE = b"200", b"503"


@dataclass(frozen=True)
class Plan:
    """The requests to send, and their rate per second.

    At a rate of 0, ``concurrency`` requests are kept in progress instead.
    """

    port: int
    workload: str
    operations: int
    rate: float
    seconds: float
    connections: int
    concurrency: int = 0


@dataclass(frozen=True)
class OpenLoopResult:
    """Numbers of requests, and the latency of accepted ones in milliseconds."""

    seconds: float
    sent: int
    accepted: int
    refused: int
    without_retry_after: int
    failed: int
    timeouts: int
    p50: float
    p99: float
    maximum: float
    generator_delay_p99: float
    """The 99th percentile of the delay of the generator itself, which has to be small."""

    @property
    def goodput(self) -> float:
        """Accepted requests per second."""
        return self.accepted / self.seconds


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    due: float = 0.0
    status: bytes = b""
    missing_bytes: int = 0


@dataclass
class _Samples:
    latencies: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Generator:
    """Sends the requests of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = _requests(plan.workload, plan.operations)
        self._poll = select.epoll()
        self._connections = [self._connect() for _ in range(plan.connections)]
        _wait_until_accepted(self._connections[-1].socket)
        self._by_file = {one.socket.fileno(): one for one in self._connections}
        self._free = deque(self._connections)
        self._due: deque[float] = deque()
        self._samples = _Samples()
        self._sent = 0
        self._measured_from = 0.0

    def run(self) -> OpenLoopResult:
        """Send all requests, and wait for the responses."""
        begin = perf_counter()
        self._measured_from = begin + WARM_UP_SECONDS
        end = self._measured_from + self._plan.seconds
        planned = 0
        while (now := perf_counter()) < end:
            if self._plan.rate:
                until = int((now - begin) * self._plan.rate)
                self._samples.delays.append(now - begin - planned / self._plan.rate)
                self._due.extend(begin + n / self._plan.rate for n in range(planned, until))
                planned = until
            else:
                in_progress = len(self._connections) - len(self._free) + len(self._due)
                self._due.extend([now] * (self._plan.concurrency - in_progress))
            self._send_due()
            self._receive(0.0 if self._due and self._free else 0.0005)
        self._drain()
        return self._result()

    def _drain(self) -> None:
        """Wait for the outstanding responses until the timeout."""
        end = perf_counter() + TIMEOUT_SECONDS
        while len(self._free) < len(self._connections) and perf_counter() < end:
            self._receive(0.05)
        self._samples.counts["timeouts"] += len(self._connections) - len(self._free)

    def _connect(self) -> _Connection:
        connection = connect(self._plan.port, timeout=TIMEOUT_SECONDS)
        connection.settimeout(0.0)
        self._poll.register(connection.fileno(), select.EPOLLIN)
        return _Connection(connection)

    def _send_due(self) -> None:
        due, free, requests = self._due, self._free, self._requests
        while due and free:
            connection = free.popleft()
            connection.due = due.popleft()
            request = requests[self._sent % len(requests)]
            connection.socket.send(replace_number(request, self._sent))
            self._sent += 1
            self._samples.counts["sent"] += connection.due >= self._measured_from

    def _receive(self, seconds: float) -> None:
        for file, _ in self._poll.poll(seconds, 256):
            connection = self._by_file[file]
            data = connection.socket.recv(262_144)
            if not data:
                raise ConnectionError("The server closed a connection.")
            if connection.missing_bytes:
                connection.missing_bytes -= len(data)
            else:
                self._read_head(connection, data)
            if not connection.missing_bytes:
                self._finish(connection)

    def _read_head(self, connection: _Connection, data: bytes) -> None:
        """Read the head of a response, which arrives in one piece."""
        head = data.index(_END)
        length = data.index(_LENGTH) + len(_LENGTH)
        connection.status = data[9:12]
        connection.missing_bytes = (
            int(data[length : data.index(b"\r\n", length)]) + head + len(_END) - len(data)
        )
        if connection.status == _UNAVAILABLE and b"\r\nRetry-After: " not in data[:head]:
            self._samples.counts["without_retry_after"] += 1

    def _finish(self, connection: _Connection) -> None:
        self._free.append(connection)
        latency = perf_counter() - connection.due
        if connection.due < self._measured_from:
            return
        if latency > TIMEOUT_SECONDS:
            self._samples.counts["timeouts"] += 1
        elif connection.status == _OK:
            self._samples.latencies.append(latency * 1e3)
        elif connection.status == _UNAVAILABLE:
            self._samples.counts["refused"] += 1
        else:
            self._samples.counts["failed"] += 1

    def _result(self) -> OpenLoopResult:
        latencies, counts = self._samples.latencies, self._samples.counts
        unsent = sum(due < perf_counter() - TIMEOUT_SECONDS for due in self._due)
        return OpenLoopResult(
            seconds=self._plan.seconds,
            sent=counts["sent"],
            accepted=len(latencies),
            refused=counts["refused"],
            without_retry_after=counts["without_retry_after"],
            failed=counts["failed"],
            timeouts=counts["timeouts"] + unsent,
            p50=percentile(latencies, 50),
            p99=percentile(latencies, 99),
            maximum=percentile(latencies, 100),
            generator_delay_p99=percentile(self._samples.delays, 99) * 1e3,
        )


def _requests(workload: str, operations: int) -> list[bytes]:
    """Return the requests of a workload, the same in every run."""
    rng = random.Random(DISTINCT_REQUESTS)  # noqa: S311  a reproducible choice, not a secret
    names = draw_names(workload, DISTINCT_REQUESTS, rng)
    return [
        http_post(request_body(name, operation_id(rng.randrange(operations)))) for name in names
    ]


def _wait_until_accepted(last: socket.socket) -> None:
    """Wait until the server has accepted all connections, whose CPU time is not measured."""
    last.settimeout(TIMEOUT_SECONDS)
    last.send(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    last.recv(4_096)
    last.settimeout(0.0)


def main() -> None:
    """Send the requests of the plan in the first argument, and print the result as JSON."""
    print(json.dumps(asdict(Generator(Plan(**json.loads(sys.argv[1]))).run())))


if __name__ == "__main__":
    main()
