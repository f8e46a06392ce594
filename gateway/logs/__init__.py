"""The log on standard error: messages of ``logging``, and a line for each request."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from gateway.logs.lines import LineWriter
from gateway.logs.styles import STYLES, Style

Format = Literal["readable", "json"]


@dataclass(frozen=True)
class Logs:
    """The log of this process."""

    lines: LineWriter
    style: Style
    level: int
    messages: Counter[str] = field(default_factory=Counter)
    """How many messages were logged, by their level."""


class _Handler(logging.Handler):
    """Writes the messages of ``logging``."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message."""
        try:
            self._logs.messages[record.levelname.lower()] += 1
            self._logs.lines.write(self._logs.style.message(record))
        except Exception:  # noqa: BLE001  as logging's own handlers do
            self.handleError(record)


@contextmanager
def logging_to_stderr(level: str, format_: Format, worker: int | None = None) -> Iterator[Logs]:
    """Log messages of at least ``level`` inside the block.

    Each line has the numbers of the worker and its process, if there are several.
    """
    process = None if worker is None else (worker, os.getpid())
    root, own = logging.getLogger(), logging.getLogger("gateway")
    least = logging.getLevelNamesMapping()[level.upper()]
    with LineWriter() as lines:
        logs = Logs(lines, STYLES[format_](process), least)
        handler, before = _Handler(logs), root.level
        root.addHandler(handler)
        root.setLevel(
            max(least, logging.WARNING)
        )  # libraries' messages of lower levels contain clients' values
        own.setLevel(least)
        logging.captureWarnings(capture=True)
        try:
            yield logs
        finally:
            logging.captureWarnings(capture=False)
            root.setLevel(before)
            own.setLevel(logging.NOTSET)
            root.removeHandler(handler)
