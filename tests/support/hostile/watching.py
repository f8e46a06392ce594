"""Monitoring of a gateway during attacks: the latency of another client, and its memory."""

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
PROBE_TIMEOUT_SECONDS = 30.0
SETTLED_WAIT = 0.02
"""In seconds: a shorter wait than this shows that no work is left."""

CALCULATION_SECONDS = 0.03
"""About how long the calculation of ``slowness`` takes on a fast processor: an estimate."""


@dataclass(frozen=True)
class Sample:
    """A request of the probe: when it was sent, how long the answer took, and its status.

    ``wait`` leaves out what the machine took: the time in which the gateway's main thread, or the
    probe, could have run but did not get a processor. Nobody's request is to blame for that.
    """

    sent_at: float
    wait: float
    status: str


class Probe:
    """A client that sends cheap requests all the time."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._received = Condition()

    def read(self, process: subprocess.Popen[str]) -> None:
        """Read the output of the process to its end."""
        assert process.stdout is not None
        for line in process.stdout:
            sent_at, waited, stolen, status = line.split()
            with self._received:
                wait = max(0.0, float(waited) - float(stolen))
                self.samples.append(Sample(float(sent_at), wait, status))
                self._received.notify_all()

    def longest_wait(self, since: float) -> float:
        """Return the longest wait since a time, in seconds, when the work is done."""

        def settled() -> bool:
            latest = self.samples[-1:]
            return bool(latest) and latest[0].sent_at > now and latest[0].wait < SETTLED_WAIT

        now = time.monotonic()
        with self._received:
            assert self._received.wait_for(settled, PROBE_TIMEOUT_SECONDS), (
                "The probe receives no responses."
            )
            return max(
                sample.wait for sample in self.samples if sample.sent_at + sample.wait > since
            )


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
            reading.join(PROBE_TIMEOUT_SECONDS)


def slowness() -> float:
    """Return how many times as long as on a fast processor a calculation takes now; at least 1.

    Processors of shared machines are slower at some times than at others.
    """
    began = time.thread_time()
    sum(number for number in range(1_000_000))
    return max(1.0, (time.thread_time() - began) / CALCULATION_SECONDS)


def resident_bytes(gateway: Gateway) -> int:
    """Return the resident memory of a gateway's process."""
    (line,) = [
        line
        for line in Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1_024
