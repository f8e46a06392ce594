"""Filters as functions of documents, with the same meaning as in SQL (``conditions``)."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from typing_extensions import TypedDict  # msgspec needs it for optional keys

from gateway.store.columns import diag_code
from gateway.store.documents import identities_in
from gateway.store.overdue import Overdue
from gateway.store.shapes import Operands, Shape, split_filter
from gateway.store.tables import STATUS_RANKS
from schema.filters import InviteParticipantsOperationFilter
from schema.resource.base import graphql_name

Test = Callable[[Any], bool]
"""Returns whether a value of a document matches; a missing value is None."""

SHORT = 32
"""In characters: the cost of searching for a longer text is in proportion to its length."""


class Matcher:
    """A filter on operations, evaluated on documents.

    Raises ``LimitExceeded`` for a filter that is too large or too deep.
    """

    def __init__(self, where: InviteParticipantsOperationFilter, overdue: Overdue) -> None:
        shape, operands = split_filter(where)
        tests = _Tests(operands, overdue)
        self._test = tests.operation(shape)
        self._searches = tests.searches
        self.weight = sum(search.weight for search in tests.searches)
        """The maximum number of comparisons for each participant."""
        self._read = _reader(frozenset(_fields(shape)))

    def matches(self, document: bytes) -> bool:
        """Return whether an operation matches."""
        return self._test(self._read(document))

    def matches_change(self, document: bytes, before: bytes | None) -> bool:
        """Return whether an operation matches before or after a change; see ``Change``."""
        after = self._read(document)
        if self._test(after):
            return True
        differing = self._read(before) if before else {}
        return bool(differing) and self._test(after | differing)

    def match_steps(self, document: bytes, before: bytes | None) -> Iterator[bool]:
        """Do what ``matches_change`` does in short steps; the last value is the result."""
        after = self._read(document)
        differing = self._read(before) if before else {}
        for state in (after, after | differing) if differing else (after,):
            if self._searches:
                state["participants"] = searched = _Searched(state["participants"])
                for search in self._searches:
                    for _ in search.steps(searched):
                        yield False
            if self._test(state):
                yield True
                return
        yield False


@lru_cache
def _reader(names: frozenset[str]) -> Callable[[bytes], dict[str, Any]]:
    """Return a decoder of some fields of a document.

    It is cached because it needs a class, which only the garbage collector frees.
    """
    fields = dict.fromkeys(names, Any)
    looked_at = TypedDict("looked_at", fields, total=False)  # type: ignore[misc]  # made at run time
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(looked_at).decode
    return decode


def _fields(where: Shape) -> set[str]:
    """Return the fields of an operation that a filter uses."""
    fields: set[str] = set()
    for name, item in where:
        match name:
            case "and_" | "or_":
                fields.update(*map(_fields, item))
            case "not_":
                fields |= _fields(item)
            case "overdue":
                fields |= {"status", "createdAt"}
            case _:
                fields.add(graphql_name(name))
    return fields


class _Searched(list[Any]):
    """Participants, and the results of the searches among them."""

    def __init__(self, participants: Iterable[Any]) -> None:
        super().__init__(participants)
        self.outcomes: dict[_Search, bool] = {}


class _Search:
    """Tests whether any of the participants matches or, with ``none``, that none does."""

    def __init__(self, matches: Test, weight: int, *, none: bool) -> None:
        self._matches = matches
        self._none = none
        self.weight = weight

    def __call__(self, participants: list[Any]) -> bool:
        if isinstance(participants, _Searched):
            return participants.outcomes[self]
        return any(map(self._matches, participants)) is not self._none

    def steps(self, participants: _Searched) -> Iterator[None]:
        """Search among the participants, one in each step."""
        participants.outcomes[self] = self._none
        for participant in participants:
            yield
            if self._matches(participant):
                participants.outcomes[self] = not self._none
                return


class _Tests:
    """Makes tests of the parts of a filter."""

    def __init__(self, operands: Operands, overdue: Overdue) -> None:
        self._operands = operands
        self._overdue = overdue
        self.searches: list[_Search] = []

    def operation(self, where: Shape) -> Test:
        return self._tree(where, self._of_operation)

    def _of_operation(self, name: str, item: Shape) -> Test:
        match name:
            case "status":
                ranks = self._comparison(item)
                return lambda status: ranks(STATUS_RANKS[status])
            case "result_info":
                return _all(self._result(*part) for part in item)
            case "participants":
                return _all(self._participants(name, part) for name, part in item)
        return self._comparison(item)

    def _result(self, name: str, item: Any) -> Test:  # noqa: ANN401  a part of a shape
        if name != "diag_code":
            return self._object(((name, item),))
        code = self._comparison(item)
        return lambda result: code(diag_code(result and result.get("message")))

    def _tree(self, where: Shape, field: Callable[[str, Shape], Test]) -> Test:
        """Combine the tests of fields, made by ``field``, with ``and``, ``or`` and ``not``."""
        tests: list[Test] = []
        for name, item in where:
            match name:
                case "and_":
                    tests.append(_all(self._tree(part, field) for part in item))
                case "or_":
                    tests.append(_any(self._tree(part, field) for part in item))
                case "not_":
                    tests.append(_not(self._tree(item, field)))
                case "overdue":
                    tests.append(self._is_overdue if item else _not(self._is_overdue))
                case _:
                    tests.append(_of_field(name, field(name, item)))
        return _all(tests)

    def _is_overdue(self, operation: dict[str, Any]) -> bool:
        return self._overdue.is_overdue(operation["status"], operation["createdAt"])

    def _participants(self, name: str, item: Shape) -> Test:
        if name == "count":
            count = self._comparison(item)
            return lambda participants: count(len(participants))
        test = self._tree(item, self._of_participant)
        matches = _not(test) if name == "every" else test
        search = _Search(matches, self._weight(item), none=name != "some")
        self.searches.append(search)
        return search

    def _weight(self, where: Shape) -> int:
        """Return the number of comparisons for a participant, in those with short texts."""
        weight = 1
        for name, item in where:
            match item:
                case str():
                    operand = self._operands[item]
                    weight += 1 + (len(operand) // SHORT if isinstance(operand, str) else 0)
                case tuple() if name in {"and_", "or_"}:
                    weight += sum(map(self._weight, item))
                case tuple():
                    weight += self._weight(item)
        return weight

    def _of_participant(self, name: str, item: Shape) -> Test:
        if name == "identity":
            return _all(self._identity(kind, part) for kind, part in item)
        return self._comparison(item)

    def _identity(self, kind: str, item: Shape) -> Test:
        test = self._object(item)
        if kind != "any":
            return _of_field(kind, test)
        return lambda identities: any(test(identity) for _, identity in identities_in(identities))

    def _object(self, where: Shape) -> Test:
        """Test the fields of a nullable object; if it is null, so are all of them."""
        return _all(
            _OPERATORS[name](item) if name == "is_null" else _of_field(name, self._comparison(item))
            for name, item in where
        )

    def _comparison(self, where: Shape) -> Test:
        """Return the test of the shape of a filter on a single value."""
        test = _all(self._operator(name, item) for name, item in where if name != "ignore_case")
        if dict(where).get("ignore_case"):
            return lambda text: test(None if text is None else text.casefold())
        return test

    def _operator(self, name: str, item: Any) -> Test:  # noqa: ANN401  a flag, or parameters
        if name == "is_null":
            return _OPERATORS[name](item)
        if item is None or item == ():  # a text that cannot be stored, or no status
            return _all(()) if name in {"neq", "not_in"} else _any(())
        return _OPERATORS[name](self._operand(name, item))

    def _operand(self, name: str, item: str | tuple[str, ...]) -> Any:  # noqa: ANN401  as above
        if isinstance(item, tuple):
            return {self._operands[parameter] for parameter in item}
        operand = self._operands[item]
        return set(msgspec.json.decode(operand)) if name in {"in_", "not_in"} else operand


def _of_field(name: str, test: Test) -> Test:
    key = graphql_name(name)
    return lambda thing: test(None if thing is None else thing.get(key))


def _not(test: Test) -> Test:
    return lambda value: not test(value)


def _all(tests: Iterable[Test]) -> Test:
    tests = tuple(tests)
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _any(tests: Iterable[Test]) -> Test:
    tests = tuple(tests)
    return lambda value: any(test(value) for test in tests)


_OPERATORS: dict[str, Callable[[Any], Test]] = {
    "is_null": lambda operand: lambda value: (value is None) is operand,
    "eq": lambda operand: lambda value: value == operand,
    "neq": lambda operand: lambda value: value != operand,
    "in_": lambda operand: lambda value: value in operand,
    "not_in": lambda operand: lambda value: value not in operand,
    "gt": lambda operand: lambda value: value is not None and value > operand,
    "gte": lambda operand: lambda value: value is not None and value >= operand,
    "lt": lambda operand: lambda value: value is not None and value < operand,
    "lte": lambda operand: lambda value: value is not None and value <= operand,
    "contains": lambda operand: lambda value: value is not None and operand in value,
    "starts_with": lambda operand: lambda value: value is not None and value.startswith(operand),
    "ends_with": lambda operand: lambda value: value is not None and value.endswith(operand),
}
