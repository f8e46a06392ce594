"""Subscribers over WebSocket, and the changes that they receive.

``subscribers.py PORT SUBSCRIBERS CHANGES_PER_SECOND SECONDS PROCESS_ID…`` subscribes to all
changes, makes some, and prints a ``FanOutResult`` as JSON. The processes are the server's.

To use little CPU time, only some subscribers are polled all the time. The events of the others are
counted in between, for a few of them at a time.
"""

import json
import re
import select
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import cycle

from fan_out import FanOutResult
from percentiles import percentile
from processes import cpu_seconds, resident_bytes
from socket_clients import Subscriber, TimingSubscriber, Writer, subscribe_all

BATCH = 100
"""The number of subscribers that connect at a time."""
TIMING_PER_BATCH = 5
"""The number of these that measure the latency."""
READ_AT_ONCE = 20
SETTLE_SECONDS = 1.0
DRAIN_SECONDS = 30.0
"""The longest wait for outstanding events."""


class SubscriberPool:
    """All subscribers, and the writers that make changes."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self.timing: list[TimingSubscriber] = []
        self._counting: list[Subscriber] = []
        for begin in range(0, count, BATCH):
            size = min(BATCH, count - begin)
            timing = [TimingSubscriber(port) for _ in range(min(TIMING_PER_BATCH, size))]
            counting = [Subscriber(port) for _ in range(size - len(timing))]
            subscribe_all([*timing, *counting])
            self.timing += timing
            self._counting += counting
            for connected in (*self.timing, *self._counting):
                connected.receive()  # to answer pings
        self._next = cycle(self._counting)
        self._poll = select.epoll()
        self._polled: dict[int, TimingSubscriber | Writer] = {}
        for subscriber in self.timing:
            self._register(subscriber)
        self._idle_writers: list[Writer] = []

    def delivered(self) -> int:
        """Return the number of events that all subscribers have received."""
        return sum(subscriber.events for subscriber in (*self.timing, *self._counting))

    def make_change(self) -> None:
        """Send a mutation."""
        if not self._idle_writers:
            self._idle_writers.append(Writer(self._port))
            self._register(self._idle_writers[-1])
        self._idle_writers.pop().create()

    def receive_until(self, moment: float) -> None:
        """Receive events and responses until a time of ``perf_counter``."""
        while (left := moment - time.perf_counter()) > 0:
            for number, _ in self._poll.poll(min(left, 0.001)):
                match self._polled[number]:
                    case TimingSubscriber() as subscriber:
                        subscriber.receive()
                    case Writer() as writer:
                        self._receive_response(writer)
            for counting in self._next_counting():
                counting.receive()

    def receive_events(self, expected: int) -> None:
        """Receive until there are ``expected`` events in all, or the time is up."""
        deadline = time.perf_counter() + DRAIN_SECONDS
        while self.delivered() < expected and (now := time.perf_counter()) < deadline:
            self.receive_until(now + 0.05)

    def _receive_response(self, writer: Writer) -> None:
        try:
            if writer.receive():
                self._idle_writers.append(writer)
        except ConnectionResetError:
            self._idle_writers.remove(writer)  # fails if its request was not answered
            self._poll.unregister(writer.socket)

    def _next_counting(self) -> Iterator[Subscriber]:
        for _ in range(min(READ_AT_ONCE, len(self._counting))):
            yield next(self._next)

    def _register(self, client: TimingSubscriber | Writer) -> None:
        self._polled[client.socket.fileno()] = client
        self._poll.register(client.socket, select.EPOLLIN)


def measure(
    port: int, count: int, changes_per_second: int, seconds: int, process_ids: Sequence[int]
) -> FanOutResult:
    """Subscribe, measure the memory, and then make changes at a constant rate."""
    before = resident_bytes(process_ids)
    pool = SubscriberPool(port, count)
    pool.receive_until(time.perf_counter() + SETTLE_SECONDS)
    growth = resident_bytes(process_ids) - before
    pool.make_change()
    pool.receive_events(count)
    if pool.delivered() != count:
        raise SystemExit(f"{pool.delivered()} of {count} subscribers received a change.")
    used, begin = cpu_seconds(process_ids), time.perf_counter()
    changes = changes_per_second * seconds
    for number in range(changes):
        pool.receive_until(begin + number / changes_per_second)
        pool.make_change()
    pool.receive_events(count * (1 + changes))
    latencies = [latency for one in pool.timing for latency in one.latencies[1:]]
    return FanOutResult(
        event=_first_event(pool.timing[0].first),
        kibibytes_per_subscriber=growth / 1_024 / count,
        delivered=pool.delivered() - count,
        expected=count * changes,
        cpu_seconds=cpu_seconds(process_ids) - used,
        seconds=time.perf_counter() - begin,
        p99_milliseconds=percentile(latencies, 99),
    )


def _first_event(frames: bytes) -> str:
    """Return the payload of the first event; the frames may include pings."""
    text = frames.decode(errors="replace")
    starts = (found.start() for found in re.finditer(r'\{"(id|type)"', text))
    messages = (json.JSONDecoder().raw_decode(text, start)[0] for start in starts)
    return next(json.dumps(one["payload"]) for one in messages if one.get("type") == "next")


def main() -> None:
    """Measure, and print the result."""
    port, count, changes_per_second, seconds, *process_ids = map(int, sys.argv[1:])
    print(json.dumps(asdict(measure(port, count, changes_per_second, seconds, process_ids))))


if __name__ == "__main__":
    main()
