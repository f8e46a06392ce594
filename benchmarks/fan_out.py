"""The fan-out of changes to many subscribers, which run on a core of their own."""

import json
import re
import subprocess
from dataclasses import dataclass

from environment import Environment
from server_process import Server
from servers import HERE
from workloads import Stream

_SERVER_SPECIFIC = re.compile(r'("(?:cursor|id|clientContext)": )"[^"]*"')


@dataclass(frozen=True)
class FanOutResult:
    """The result of a stream; memory and CPU time are the server's."""

    event: str
    """The payload of the first event."""
    kibibytes_per_subscriber: float
    """Memory while no events are sent."""
    delivered: int
    expected: int
    cpu_seconds: float
    seconds: float
    p99_milliseconds: float
    """The 99th percentile of the time from sending a change to receiving its event."""

    @property
    def deliveries_per_cpu_second(self) -> float:
        """Delivered events per second of CPU time."""
        return self.delivered / self.cpu_seconds if self.cpu_seconds else 0.0

    @property
    def comparable_event(self) -> str:
        """The first event without the values that differ between servers."""
        return _SERVER_SPECIFIC.sub(r"\1*", self.event)


def fan_out(server: Server, environment: Environment, stream: Stream, seconds: int) -> FanOutResult:
    """Subscribe, make changes for some seconds, and measure."""
    arguments = (server.port, stream.subscribers, stream.changes_per_second, seconds)
    done = subprocess.run(
        environment.on_load_core(
            environment.python,
            HERE / "subscribers.py",
            *map(str, (*arguments, *server.process_ids)),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{server.peer.title}, {stream.name}: {done.stderr or done.stdout}")
    return FanOutResult(**json.loads(done.stdout))
