"""CPU time, memory and open files of processes, read from ``/proc``."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process_ids: Iterable[int]) -> float:
    """Return the CPU time that these processes and their descendants have used."""
    return sum(_cpu_ticks(pid) for pid in _with_descendants(process_ids)) / _TICKS


def resident_bytes(process_ids: Iterable[int]) -> int:
    """Return the memory of these processes and their descendants; shared memory counts once."""
    pids = _with_descendants(process_ids)
    field = "Rss:" if len(pids) == 1 else "Pss:"
    return sum(_memory(pid, field) for pid in pids)


def open_files(process_id: int) -> int:
    """Return the number of open files and sockets of a process."""
    return len(os.listdir(f"/proc/{process_id}/fd"))  # noqa: PTH208  only counted


def _with_descendants(process_ids: Iterable[int]) -> list[int]:
    pids = set(process_ids)
    parents = {
        int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()
    }
    while more := {pid for pid, parent in parents.items() if parent in pids} - pids:
        pids |= more
    return sorted(pids)


def _stat(path: Path) -> list[str]:
    """Return the fields after the name in a process's ``stat``, from the state on."""
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
