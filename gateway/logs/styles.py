"""How a line looks: readable, or JSON. Whatever may be a client's words stands there escaped.

A line of many fields is a template for ``%``, put together once of the parts given here.
"""

import logging
from abc import ABC, abstractmethod
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from time import gmtime, strftime

import msgspec

from gateway.logs.errors import Told, told

MOST_SHOWN = 100
"""In characters: how much of a client's words is shown."""

Process = tuple[int, int] | None
"""The number of a worker and the id of its process, if there are several."""


class Style(ABC):
    """A way to write lines."""

    end: str

    def __init__(self, process: Process) -> None:
        self._process = process

    @abstractmethod
    def level(self, number: int) -> str:
        """Name a level of ``logging``."""

    @abstractmethod
    def head(self, logger: str) -> str:
        """Make the beginning of a line: a template for a time and a level."""

    @abstractmethod
    def word(self, name: str) -> str:
        """Make the template of a field that needs no quotes: a name of the gateway's own."""

    @abstractmethod
    def value(self, name: str, format_: str = "%s") -> str:
        """Make the template of a number, or of a text that is ``quoted`` already."""

    @abstractmethod
    def message(self, record: logging.LogRecord) -> str:
        """Write what a module says."""


class Readable(Style):
    """For people: times, levels and names as usual, fields as ``name=value``."""

    end = "\n"

    def level(self, number: int) -> str:
        """Name it in capitals."""
        return logging.getLevelName(number)

    def head(self, logger: str) -> str:
        """Name the process before the logger."""
        process = "worker {} ({}) ".format(*self._process) if self._process else ""
        return f"%s %s {process}{logger}:"

    def word(self, name: str) -> str:
        """Write it as it stands."""
        return f" {name}=%s"

    def value(self, name: str, format_: str = "%s") -> str:
        """Write it as it stands."""
        return f" {name}={format_}"

    def message(self, record: logging.LogRecord) -> str:
        """Write the message in one line, and what was raised below it."""
        head = self.head(record.name) % (at(record.created), self.level(record.levelno))
        return f"{head} {printable(record.getMessage())}\n{''.join(map(_below, _raised(record)))}"


class JSON(Style):
    """For programs: one object a line, in ASCII."""

    end = "}\n"

    def level(self, number: int) -> str:
        """Name it in small letters."""
        return logging.getLevelName(number).lower()

    def head(self, logger: str) -> str:
        """Name the process after the level."""
        process = ',"worker":{},"process":{}'.format(*self._process) if self._process else ""
        return f'{{"time":"%s","level":"%s"{process},"logger":"{logger}"'

    def word(self, name: str) -> str:
        """Put it into quotes."""
        return f',"{name}":"%s"'

    def value(self, name: str, format_: str = "%s") -> str:
        """Write it as it stands."""
        return f',"{name}":{format_}'

    def message(self, record: logging.LogRecord) -> str:
        """Write the message, and what was raised as a list."""
        head = self.head(record.name) % (at(record.created), self.level(record.levelno))
        line = f'{head},"message":{quoted(record.getMessage())}'
        if raised := _raised(record):
            line += f',"raised":{msgspec.json.encode(raised).decode()}'
        return line + self.end


STYLES: dict[str, type[Style]] = {"readable": Readable, "json": JSON}


def at(seconds: float) -> str:
    """Write a time of Unix, to the millisecond."""
    return _millisecond(int(seconds * 1000))


@lru_cache(1)
def _millisecond(number: int) -> str:
    second, millisecond = divmod(number, 1000)
    return f"{_second(second)}.{millisecond:03d}Z"


@lru_cache(1)
def _second(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))


def printable(text: str) -> str:
    """Escape what would not be seen as it stands: line ends, terminals' sequences, marks."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def shown(text: str) -> str:
    """Quote a client's words, the first of them if they are many."""
    return quoted(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")


def _raised(record: logging.LogRecord) -> list[Told]:
    error = record.exc_info[1] if record.exc_info else None
    return told(error) if error else []


def _below(raised: Told) -> str:
    said = f": {printable(raised.message)}" if raised.message else ""
    frames = "".join(f"    {printable(frame)}\n" for frame in raised.frames)
    return f"  {raised.type}{said}\n{frames}"
