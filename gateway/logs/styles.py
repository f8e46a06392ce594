"""The formats of lines: readable, or JSON. Values that may be a client's are escaped.

The line of a request is a template for ``%``, concatenated once from the parts made here.
"""

import logging
from abc import ABC, abstractmethod
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from time import gmtime, strftime

import msgspec

from gateway.logs.errors import LoggedException, logged_exceptions

MAX_EXCERPT = 100
"""How many characters of a client's value are logged."""

Process = tuple[int, int] | None
"""The number of a worker and the id of its process, if there are several."""


class Style(ABC):
    """A format of lines."""

    end: str

    def __init__(self, process: Process) -> None:
        self._process = process

    @abstractmethod
    def level(self, number: int) -> str:
        """Return the name of a level of ``logging``."""

    @abstractmethod
    def head(self, logger: str) -> str:
        """Return the start of a line: a template for a time and a level."""

    @abstractmethod
    def word(self, name: str) -> str:
        """Return the template of a field that needs no escaping: a value of the gateway's own."""

    @abstractmethod
    def value(self, name: str, format_: str = "%s") -> str:
        """Return the template of a number, or of a text that is already ``quoted``."""

    @abstractmethod
    def message(self, record: logging.LogRecord) -> str:
        """Format a message of ``logging``."""


class Readable(Style):
    """For people: times, levels and names as usual, fields as ``name=value``."""

    end = "\n"

    def level(self, number: int) -> str:
        """Return the name in capitals."""
        return logging.getLevelName(number)

    def head(self, logger: str) -> str:
        """Return the start of a line, with the process before the logger."""
        process = "worker {} ({}) ".format(*self._process) if self._process else ""
        return f"%s %s {process}{logger}:"

    def word(self, name: str) -> str:
        """Return a field without quotes."""
        return f" {name}=%s"

    def value(self, name: str, format_: str = "%s") -> str:
        """Return a field without quotes."""
        return f" {name}={format_}"

    def message(self, record: logging.LogRecord) -> str:
        """Format the message in one line, and exceptions below it."""
        head = self.head(record.name) % (timestamp(record.created), self.level(record.levelno))
        return f"{head} {printable(record.getMessage())}\n{''.join(map(_below, _raised(record)))}"


class JSON(Style):
    """For programs: one object a line, in ASCII."""

    end = "}\n"

    def level(self, number: int) -> str:
        """Return the name in lower case."""
        return logging.getLevelName(number).lower()

    def head(self, logger: str) -> str:
        """Return the start of a line, with the process after the level."""
        process = ',"worker":{},"process":{}'.format(*self._process) if self._process else ""
        return f'{{"time":"%s","level":"%s"{process},"logger":"{logger}"'

    def word(self, name: str) -> str:
        """Return a quoted field."""
        return f',"{name}":"%s"'

    def value(self, name: str, format_: str = "%s") -> str:
        """Return a field without quotes."""
        return f',"{name}":{format_}'

    def message(self, record: logging.LogRecord) -> str:
        """Format the message, and exceptions as a list."""
        head = self.head(record.name) % (timestamp(record.created), self.level(record.levelno))
        line = f'{head},"message":{quoted(record.getMessage())}'
        if raised := _raised(record):
            line += f',"raised":{msgspec.json.encode(raised).decode()}'
        return line + self.end


STYLES: dict[str, type[Style]] = {"readable": Readable, "json": JSON}


def timestamp(seconds: float) -> str:
    """Format Unix time in UTC, in milliseconds."""
    return _millisecond(int(seconds * 1000))


@lru_cache(1)
def _millisecond(number: int) -> str:
    second, millisecond = divmod(number, 1000)
    return f"{_second(second)}.{millisecond:03d}Z"


@lru_cache(1)
def _second(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))


def printable(text: str) -> str:
    """Escape characters that are not printable: line ends, control sequences, marks."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def quoted_excerpt(text: str) -> str:
    """Quote the first characters of a client's value."""
    return quoted(text if len(text) <= MAX_EXCERPT else f"{text[:MAX_EXCERPT]}…")


def _raised(record: logging.LogRecord) -> list[LoggedException]:
    error = record.exc_info[1] if record.exc_info else None
    return logged_exceptions(error) if error else []


def _below(raised: LoggedException) -> str:
    said = f": {printable(raised.message)}" if raised.message else ""
    frames = "".join(f"    {printable(frame)}\n" for frame in raised.frames)
    return f"  {raised.type}{said}\n{frames}"
