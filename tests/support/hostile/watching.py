"""What is watched of a gateway while it is attacked: another client's waiting, and its memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from urllib.parse import urlsplit

from support.gateways import Gateway

PROBE = Path(__file__).parent / "probe.py"
HEARD_WITHIN = 30.0
SETTLED_WAIT = 0.02
"""In seconds: a shorter wait than this tells that nothing is left to do."""


@dataclass(frozen=True)
class Sample:
    """A probe's question: when it was asked, how long the answer took, and its status.

    ``wait`` leaves out what the machine took: the time in which the gateway's main thread, or the
    probe, could have run but did not get a processor. Nobody's request is to blame for that.
    """

    asked: float
    wait: float
    status: str


class Probe:
    """A client that asks for next to nothing, all the time."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._heard = Condition()

    def read(self, process: subprocess.Popen[str]) -> None:
        """Take in what the process prints, to its end."""
        assert process.stdout is not None
        for line in process.stdout:
            asked, waited, taken, status = line.split()
            with self._heard:
                wait = max(0.0, float(waited) - float(taken))
                self.samples.append(Sample(float(asked), wait, status))
                self._heard.notify_all()

    def longest_wait(self, since: float) -> float:
        """Give the longest wait since a moment, in seconds, as soon as none is to come."""

        def settled() -> bool:
            latest = self.samples[-1:]
            return bool(latest) and latest[0].asked > now and latest[0].wait < SETTLED_WAIT

        now = time.monotonic()
        with self._heard:
            assert self._heard.wait_for(settled, HEARD_WITHIN), "The probe hears nothing."
            return max(sample.wait for sample in self.samples if sample.asked + sample.wait > since)


@contextmanager
def probing(gateway: Gateway) -> Iterator[Probe]:
    """Probe a gateway until the block is left."""
    parts, probe = urlsplit(gateway.url), Probe()
    with subprocess.Popen(
        [sys.executable, PROBE, str(parts.hostname), str(parts.port), str(gateway.process.pid)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        reading = Thread(target=probe.read, args=(process,))
        reading.start()
        try:
            yield probe
        finally:
            process.kill()
            reading.join(HEARD_WITHIN)


def resident_bytes(gateway: Gateway) -> int:
    """Give how much memory of the machine a gateway's process holds."""
    (line,) = [
        line
        for line in Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1_024
