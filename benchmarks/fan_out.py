"""One stream of changes to many subscribers, driven from a core of its own, and what came of it."""

import json
import re
import subprocess
from dataclasses import dataclass

from servers import HERE, Server, Tools
from workloads import Stream

_OWN = re.compile(r'("(?:cursor|id|clientContext)": )"[^"]*"')


@dataclass(frozen=True)
class FannedOut:
    """What became of changes: memory and processor time are the server's."""

    event: str
    """The payload of the first message."""
    kibibytes: float
    """Memory that a subscriber takes while nothing comes."""
    delivered: int
    expected: int
    cpu: float
    """In seconds."""
    seconds: float
    p99: float
    """In milliseconds, from when a change was sent to be made until it came."""

    @property
    def rate(self) -> float:
        """How many came for a second of the server's processor time."""
        return self.delivered / self.cpu if self.cpu else 0.0

    @property
    def says(self) -> str:
        """The first message without what is each server's own."""
        return _OWN.sub(r"\1*", self.event)


def fan_out(server: Server, tools: Tools, stream: Stream, seconds: int) -> FannedOut:
    """Subscribe, make changes, and measure."""
    numbers = (server.port, stream.subscribers, stream.rate, seconds, *server.process_ids)
    done = subprocess.run(
        tools.pinned(tools.load_core, tools.python, HERE / "subscribers.py", *map(str, numbers)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{server.peer.title}, {stream.name}: {done.stderr or done.stdout}")
    return FannedOut(**json.loads(done.stdout))
