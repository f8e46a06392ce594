"""What processes take of the machine, as ``/proc`` tells it."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process_ids: Iterable[int]) -> float:
    """Return the processor time that these processes and their children took so far."""
    return sum(_cpu_ticks(pid) for pid in _family(process_ids)) / _TICKS


def resident_bytes(process_ids: Iterable[int]) -> int:
    """Return their memory; what several processes share is counted once."""
    family = _family(process_ids)
    field = "Rss:" if len(family) == 1 else "Pss:"
    return sum(_memory(pid, field) for pid in family)


def open_files(process_id: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{process_id}/fd"))  # noqa: PTH208  counted, not looked at


def _family(process_ids: Iterable[int]) -> list[int]:
    family = set(process_ids)
    parents = {
        int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()
    }
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sorted(family)


def _stat(path: Path) -> list[str]:
    """Return what follows the name in a process's ``stat``; the state comes first."""
    return (path / "stat").read_text().rsplit(")", 1)[1].split()


def _parent(path: Path) -> int | None:
    try:
        return int(_stat(path)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _cpu_ticks(pid: int) -> int:
    try:
        stat = _stat(Path("/proc") / str(pid))
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat[11]) + int(stat[12])


def _memory(pid: int, field: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1_024
    return 0
