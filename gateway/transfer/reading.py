"""JSON objects out of a file: one a line, one array, or one object, told apart by how it begins."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOBase
from typing import Any

from gateway.graph.entity import unwrapped

CHUNK = 65_536


@dataclass(frozen=True)
class Item:
    """A JSON value and where it stands, or why there is none."""

    where: str
    value: Any = None
    problem: str | None = None


def read_items(file: TextIOBase) -> Iterator[Item]:
    """Read the items of a file, as far as one need be read at a time.

    Of a file with one object a line, a line that is no JSON is one item with a problem. A JSON
    document that breaks off ends the items, the last of which says so.
    """
    for item in _values(file):
        match unwrapped(item.value):
            case None:
                yield item
            case dict() as entity:
                yield Item(item.where, entity)
            case list() as collection:
                for index, entity in enumerate(collection):
                    yield Item(f"{item.where}, value[{index}]", entity)


def _values(file: TextIOBase) -> Iterator[Item]:
    number, line = _next_line(file, 0)
    if line.lstrip().startswith("["):
        yield from _array(file, number, line)
    elif _is_object(line):
        yield from _lines(file, number, line)
    elif line:
        following, next_line = _next_line(file, number)
        if _is_object(next_line):  # the first line is broken, the others are lines all the same
            yield _line(number, line)
            yield from _lines(file, following, next_line)
        else:
            blank = "\n" * (following - number - 1)
            yield from _document(number, line + blank + next_line + file.read())


def _next_line(file: TextIOBase, number: int) -> tuple[int, str]:
    """Return the next line that is not blank, and its number; an empty text at the end."""
    for line in file:
        number += 1
        if line.strip("\ufeff \t\r\n"):
            return number, line.lstrip("\ufeff") if number == 1 else line
    return number, ""


def _decode(text: str) -> Any:  # noqa: ANN401  JSON
    """Decode JSON; what Python takes beyond the standard is no JSON, and a ``ValueError``."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decode(line), dict)
    except ValueError:
        return False


def _lines(file: TextIOBase, number: int, line: str) -> Iterator[Item]:
    while line:
        yield _line(number, line)
        number, line = _next_line(file, number)


def _line(number: int, line: str) -> Item:
    try:
        return Item(f"line {number}", _decode(line))
    except ValueError as error:
        return Item(f"line {number}", problem=f"not JSON: {error}")


def _document(number: int, text: str) -> Iterator[Item]:
    try:
        yield Item(f"line {number}", _decode(text))
    except json.JSONDecodeError as error:
        where = f"line {number + error.lineno - 1}"
        yield Item(where, problem=f"not JSON: {error.msg} at column {error.colno}")
    except ValueError as error:
        yield Item(f"line {number}", problem=f"not JSON: {error}")


class _ArrayText:
    """The text of an array, read a chunk at a time; ``line`` is that of its first character."""

    def __init__(self, file: TextIOBase, line: int, text: str) -> None:
        self._file = file
        self._text = text
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)
        self.line = line

    def skip(self, characters: str) -> str:
        """Drop leading ``characters`` and white space; return the character that follows."""
        while True:
            rest = self._text.lstrip(characters + " \t\r\n")
            self._drop(len(self._text) - len(rest))
            if rest or not self._more():
                return rest[:1]

    def value(self) -> Any:  # noqa: ANN401  JSON
        """Take the value the text begins with; raise ``ValueError`` if there is none."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text)
                if end < len(self._text) or not self._more():  # a number may go on
                    self._drop(end)
                    return value
            except json.JSONDecodeError:
                if not self._more():
                    raise
            except RecursionError:
                raise ValueError("it is nested too deeply") from None

    def _drop(self, count: int) -> None:
        self.line += self._text.count("\n", 0, count)
        self._text = self._text[count:]

    def _more(self) -> bool:
        chunk = self._file.read(max(CHUNK, len(self._text)))
        self._text += chunk
        return bool(chunk)


def _array(file: TextIOBase, number: int, line: str) -> Iterator[Item]:
    text = _ArrayText(file, number, line.lstrip()[1:])
    following = text.skip("")
    while following and following != "]":
        where = f"line {text.line}"
        try:
            yield Item(where, text.value())
        except ValueError as error:
            yield Item(where, problem=f"the array breaks off here, nothing after was read: {error}")
            return
        following = text.skip(",")
    if not following:
        yield Item(f"line {text.line}", problem="the array breaks off here: it has no end")
