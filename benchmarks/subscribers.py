"""Subscribers over WebSocket, and what they see: to subscriptions what wrk is to requests.

``subscribers.py PORT SUBSCRIBERS RATE SECONDS PROCESS…`` follows all changes, makes some, and
prints a line of JSON. The processes are the server's, whose processor time and memory are told.

It must cost little, so as to be no part of what it measures: some subscribers are listened to all
the time, and what comes to the others is counted every now and then, a few of them at a time.
"""

import json
import re
import select
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import cycle
from statistics import quantiles

from fan_out import FannedOut
from processes import cpu_seconds, resident_bytes
from wires import Listener, Subscriber, Writer, subscribe

SIDE_BY_SIDE = 100
"""How many subscribe at a time."""
LISTENERS = 5
"""How many of these listen."""
TAKEN_AT_ONCE = 20
SETTLE_SECONDS = 1.0
LATEST_SECONDS = 30.0
"""How long to wait for what is still to come."""


class Following:
    """All subscribers, and who makes changes for them."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self.listeners: list[Listener] = []
        self._others: list[Subscriber] = []
        for begin in range(0, count, SIDE_BY_SIDE):
            several = min(SIDE_BY_SIDE, count - begin)
            listeners = [Listener(port) for _ in range(min(LISTENERS, several))]
            others = [Subscriber(port) for _ in range(several - len(listeners))]
            subscribe([*listeners, *others])
            self.listeners += listeners
            self._others += others
            for one in (*self.listeners, *self._others):
                one.take()  # for pings want their answers meanwhile
        self._turns = cycle(self._others)
        self._poll = select.epoll()
        self._heard: dict[int, Listener | Writer] = {}
        for listener in self.listeners:
            self._hear(listener)
        self._idle: list[Writer] = []

    def delivered(self) -> int:
        """Return how many changes have come, to all together."""
        return sum(one.events for one in (*self.listeners, *self._others))

    def make(self) -> None:
        """Send a change to be made."""
        if not self._idle:
            self._idle.append(Writer(self._port))
            self._hear(self._idle[-1])
        self._idle.pop().create()

    def take_until(self, moment: float) -> None:
        """Take in what comes until then."""
        while (left := moment - time.perf_counter()) > 0:
            for number, _ in self._poll.poll(min(left, 0.001)):
                match self._heard[number]:
                    case Listener() as listener:
                        listener.take()
                    case Writer() as writer:
                        self._take_answer(writer)
            for one in self._next_others():
                one.take()

    def take_all(self, expected: int) -> None:
        """Take in what comes until it is so much, or too late."""
        latest = time.perf_counter() + LATEST_SECONDS
        while self.delivered() < expected and (now := time.perf_counter()) < latest:
            self.take_until(now + 0.05)

    def _take_answer(self, writer: Writer) -> None:
        try:
            if writer.is_answered():
                self._idle.append(writer)
        except ConnectionResetError:
            self._idle.remove(writer)  # or fail, if it was not idle
            self._poll.unregister(writer.socket)

    def _next_others(self) -> Iterator[Subscriber]:
        for _ in range(min(TAKEN_AT_ONCE, len(self._others))):
            yield next(self._turns)

    def _hear(self, one: "Listener | Writer") -> None:
        self._heard[one.socket.fileno()] = one
        self._poll.register(one.socket, select.EPOLLIN)


def measured(
    port: int, subscribers: int, rate: int, seconds: int, processes: Sequence[int]
) -> FannedOut:
    """Subscribe, look at the memory, and then make so many changes a second."""
    before = resident_bytes(processes)
    following = Following(port, subscribers)
    following.take_until(time.perf_counter() + SETTLE_SECONDS)
    grown = resident_bytes(processes) - before
    following.make()
    following.take_all(subscribers)
    if following.delivered() != subscribers:
        raise SystemExit(f"{following.delivered()} of {subscribers} subscribers saw a change.")
    used, begin = cpu_seconds(processes), time.perf_counter()
    for number in range(rate * seconds):
        following.take_until(begin + number / rate)
        following.make()
    expected = subscribers * (1 + rate * seconds)
    following.take_all(expected)
    delays = [delay for one in following.listeners for delay in one.delays[1:]]
    return FannedOut(
        event=_payload(following.listeners[0].first),
        kibibytes=grown / 1_024 / subscribers,
        delivered=following.delivered() - subscribers,
        expected=expected - subscribers,
        cpu=cpu_seconds(processes) - used,
        seconds=time.perf_counter() - begin,
        p99=quantiles(delays, n=100)[98] if delays else 0.0,
    )


def _payload(frames: bytes) -> str:
    """Return what the first event says; pings may stand around it."""
    text = frames.decode(errors="replace")
    starts = (found.start() for found in re.finditer(r'\{"(id|type)"', text))
    messages = (json.JSONDecoder().raw_decode(text, start)[0] for start in starts)
    return next(json.dumps(one["payload"]) for one in messages if one.get("type") == "next")


def main() -> None:
    """Measure, and print what came of it."""
    port, subscribers, rate, seconds, *processes = map(int, sys.argv[1:])
    print(json.dumps(asdict(measured(port, subscribers, rate, seconds, processes))))


if __name__ == "__main__":
    main()
