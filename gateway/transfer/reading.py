"""Reading of JSON files: one value a line, or an array or an object that spans lines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import StringIO, TextIOBase
from itertools import chain
from math import isfinite
from typing import Any, NoReturn

from gateway.graph_json.reading import unwrapped
from gateway.graph_json.references import resolve_if_needed

CHUNK = 65_536
SPACE = " \t\r\n"
MAX_WRAPPINGS = 3
"""The maximum nesting of lists and envelopes: logs have lists of envelopes."""


@dataclass(frozen=True)
class Item:
    """A JSON value and its place in the file, or the problem in its place."""

    where: str
    value: Any = None
    problem: str | None = None


def read_items(file: TextIOBase) -> Iterator[Item]:
    """Read the items of a file one by one.

    In a file with one object a line, a line that is not JSON is an item with a problem. In an
    array, a syntax error is the last item.
    """
    for item in _values(file):
        try:
            value = resolve_if_needed(item.value)
        except ValueError as error:
            yield Item(item.where, problem=str(error))
        else:
            yield from _opened(replace(item, value=value), MAX_WRAPPINGS)


def _opened(item: Item, depth: int) -> Iterator[Item]:
    """Yield the items in a list or an envelope, or the item itself."""
    inner = item.value if isinstance(item.value, list) else unwrapped(item.value)
    match inner if depth else None:
        case None:
            yield item
        case dict() as entity:
            yield Item(item.where, entity)
        case list() as collection:
            for index, entity in enumerate(collection):
                yield from _opened(Item(f"{item.where}, value[{index}]", entity), depth - 1)


def _values(file: TextIOBase) -> Iterator[Item]:
    start = file.read(CHUNK).removeprefix("\ufeff")
    if start.lstrip(SPACE).startswith("["):
        yield from _array(_Text(file, start))
        return
    start += file.readline()
    lines = _numbered(chain(StringIO(start, newline="\n"), file))
    first = next(lines, None)
    if first is None:
        return
    if _is_object(first[1]):
        yield from _lines(chain([first], lines))
    else:
        yield from _document([first, *lines])


def _numbered(lines: Iterable[str], first: int = 1) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers."""
    return ((number, line) for number, line in enumerate(lines, first) if line.strip(SPACE))


def _lines(lines: Iterable[tuple[int, str]]) -> Iterator[Item]:
    for number, line in lines:
        try:
            yield Item(f"line {number}", _decode(line))
        except ValueError as error:
            yield Item(f"line {number}", problem=f"not JSON: {error}")


def _document(lines: list[tuple[int, str]]) -> Iterator[Item]:
    """Read one object that spans lines or, if it is none, lines of which the first is invalid."""
    try:
        yield Item(f"line {lines[0][0]}", _decode("\n".join(line for _, line in lines)))
    except ValueError as error:
        if any(_is_object(line) for _, line in lines):
            yield from _lines(lines)
        else:
            yield Item(f"line {lines[0][0]}", problem=f"not JSON: {error}")


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decode(line), dict)
    except ValueError:
        return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"the number {digits} is out of range")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def _decode(text: str) -> Any:  # noqa: ANN401  JSON
    """Decode JSON; raise ``ValueError`` also for what only Python accepts."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _Text:
    """A JSON text that is read in chunks, with the number of the current ``line``."""

    def __init__(self, file: TextIOBase, start: str) -> None:
        self._file = file
        self._text = start
        self._place = 0
        self.line = 1

    def next(self) -> str:
        """Move to the next character that is not white space and return it; empty at the end."""
        while True:
            end = self._place
            while end < len(self._text) and self._text[end] in SPACE:
                end += 1
            self._advance(end)
            if end < len(self._text):
                return self._text[end]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Move past the current character."""
        self._advance(self._place + 1)

    def value(self) -> Any:  # noqa: ANN401  JSON
        """Move past the current value and return it; raise ``ValueError`` if there is none."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise ValueError(error.msg) from None
            except RecursionError:
                raise ValueError("it is nested too deeply") from None
            else:
                if end < len(self._text) or not self._more():  # a number may continue
                    self._advance(end)
                    return value

    def lines(self) -> Iterator[str]:
        """Return the remaining lines."""
        rest = self._text[self._place :] + self._file.readline()
        return chain(StringIO(rest, newline="\n"), self._file)

    def _advance(self, place: int) -> None:
        self.line += self._text.count("\n", self._place, place)
        self._place = place

    def _more(self) -> bool:
        rest = self._text[self._place :]
        chunk = self._file.read(max(CHUNK, len(rest)))
        self._text, self._place = rest + chunk, 0
        return bool(chunk)


def _array(text: _Text) -> Iterator[Item]:
    text.next()
    text.skip()
    following = text.next()
    while following != "]":
        where = f"line {text.line}"
        try:
            yield Item(where, text.value())
        except ValueError as error:
            yield Item(where, problem=f"the array breaks off, nothing after was read: {error}")
            return
        following = text.next()
        if following == ",":
            text.skip()
            text.next()
        elif following != "]":
            yield Item(f"line {text.line}", problem="the array breaks off: no comma and no end")
            return
    text.skip()
    text.next()
    yield from _lines(_numbered(text.lines(), text.line))
