"""Random values of ``$filter``, each with the equivalent filter of GraphQL."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from support.oracle import IDENTITY_KINDS, STATUSES
from support.strategies import call_ids, identity_ids, ids, numbers, statuses, texts

JSONObject = dict[str, Any]


class Condition(NamedTuple):
    """A condition in both languages; ``is_simple`` unless it needs parentheses within others."""

    text: str
    where: JSONObject
    is_simple: bool = True

    def within(self) -> str:
        """Return it as it is written within another condition."""
        return self.text if self.is_simple else f"({self.text})"


Nest = Callable[[JSONObject], JSONObject]

_COMPARATORS = {"eq": "eq", "ne": "neq", "gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_FUNCTIONS = {
    "contains": "contains",
    "startswith": "startsWith",
    "endswith": "endsWith",
    "startsWith": "startsWith",
    "endsWith": "endsWith",
}
_spaces = st.sampled_from([" ", "  ", "\t", " \t "])
_storable = texts.filter(lambda text: "\n" not in text)


def quoted(text: str) -> str:
    """Return a text as a literal."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _nest(path: str) -> Nest:
    def nest(inner: JSONObject) -> JSONObject:
        for name in reversed(path.split("/")):
            inner = {name: inner}
        return inner

    return nest


@st.composite
def _compared(  # noqa: PLR0913, PLR0917  all that two languages differ in
    draw: st.DrawFn,
    path: str,
    values: SearchStrategy[Any],
    write: Callable[[Any], str],
    comparators: tuple[str, ...],
    prefix: str,
) -> Condition:
    nest, shown, space = _nest(path), f"{prefix}{path}", draw(_spaces)
    kind = draw(st.sampled_from(["compare", "mirror", "in", "null"]))
    if kind == "in":
        among = draw(st.lists(values, max_size=3))
        listed = f",{space}".join(map(write, among))
        return Condition(f"{shown}{space}in{space}({listed})", nest({"in": among}))
    if kind == "null":
        is_null = draw(st.booleans())
        return Condition(f"{shown} {'eq' if is_null else 'ne'} null", nest({"isNull": is_null}))
    comparator, value = draw(st.sampled_from(comparators)), draw(values)
    where = nest({_COMPARATORS[comparator]: value})
    if kind == "mirror":
        return Condition(f"{write(value)}{space}{_MIRRORED[comparator]}{space}{shown}", where)
    return Condition(f"{shown}{space}{comparator}{space}{write(value)}", where)


def _ids(path: str, values: SearchStrategy[str], prefix: str = "") -> SearchStrategy[Condition]:
    return _compared(path, values, quoted, ("eq", "ne"), prefix)


def _numbers(path: str) -> SearchStrategy[Condition]:
    return _compared(path, numbers, str, tuple(_COMPARATORS), "")


def _texts(path: str, prefix: str = "") -> SearchStrategy[Condition]:
    functions = st.builds(
        lambda name, text: Condition(
            f"{name}({prefix}{path},{quoted(text)})", _nest(path)({_FUNCTIONS[name]: text})
        ),
        st.sampled_from(sorted(_FUNCTIONS)),
        _storable,
    )
    return functions | _compared(path, _storable, quoted, ("eq", "ne"), prefix)


@st.composite
def _statuses(draw: st.DrawFn) -> Condition:
    comparator, status = draw(st.sampled_from(sorted(_COMPARATORS))), draw(statuses)
    cases: list[Callable[[str], str]] = [str, str.lower, str.upper]
    literal = draw(st.sampled_from(["", "microsoft.graph.operationStatus"])) + quoted(
        draw(st.sampled_from(cases))(status)
    )
    rank = STATUSES.index(status)
    among = {
        "eq": [status],
        "ne": [one for one in STATUSES if one != status],
        "gt": STATUSES[rank + 1 :],
        "ge": STATUSES[rank:],
        "lt": STATUSES[:rank],
        "le": STATUSES[: rank + 1],
    }[comparator]
    return Condition(f"status {comparator} {literal}", {"status": {"in": list(among)}})


def _trees(leaves: SearchStrategy[Condition], depth: int) -> SearchStrategy[Condition]:
    """Combine conditions by ``and``, ``or``, ``not`` and parentheses."""
    if depth == 0:
        return leaves
    deeper = _trees(leaves, depth - 1)
    several = st.lists(deeper, min_size=2, max_size=3)

    def joined(operator: str, parts: list[Condition]) -> Condition:
        text = f" {operator} ".join(part.within() for part in parts)
        return Condition(text, {operator: [part.where for part in parts]}, is_simple=False)

    return st.one_of(
        leaves,
        st.builds(joined, st.sampled_from(["and", "or"]), several),
        st.builds(
            lambda one: Condition(f"not ({one.text})", {"not": one.where}, is_simple=False), deeper
        ),
        st.builds(lambda one: Condition(f"( {one.text} )", one.where), deeper),
    )


@st.composite
def _participants(draw: st.DrawFn) -> Condition:
    variable = draw(st.sampled_from(["p", "x1", "any", "participant"]))
    prefix, kind = f"{variable}/", draw(st.sampled_from(IDENTITY_KINDS))
    leaves = st.one_of(
        _texts("region", prefix),
        _texts("languageId", prefix),
        _ids("replacesCallId", call_ids, prefix),
        _ids("participantId", ids, prefix),
        _ids(f"identity/{kind}/id", identity_ids, prefix),
        _texts(f"identity/{kind}/displayName", prefix),
        st.just(Condition(f"{prefix}hidden", {"hidden": {"eq": True}})),
        st.just(Condition(f"{prefix}hidden ne true", {"not": {"hidden": {"eq": True}}})),
        st.just(
            Condition(f"{prefix}identity/{kind} ne null", {"identity": {kind: {"isNull": False}}})
        ),
    )
    within = draw(_trees(leaves, 2))
    quantifier, meant = draw(st.sampled_from([("any", "some"), ("all", "every")]))
    text = f"participants/{quantifier}({variable}:{draw(_spaces)}{within.text})"
    return Condition(text, {"participants": {meant: within.where}})


_LEAVES = st.one_of(
    _ids("id", ids),
    _texts("clientContext"),
    _statuses(),
    _numbers("resultInfo/code"),
    _numbers("resultInfo/subcode"),
    _texts("resultInfo/message"),
    st.just(Condition("resultInfo eq null", {"resultInfo": {"isNull": True}})),
    st.just(Condition("participants/any()", {"participants": {"count": {"gt": 0}}})),
    st.just(Condition("participants/$count le 1", {"participants": {"count": {"lte": 1}}})),
    _participants(),
    _participants(),
)
conditions = _trees(_LEAVES, 3)
"""Conditions on operations."""

_TOKENS = [
    *("(", ")", "'", ",", "/", ":", " ", "$", "eq", " and ", " or ", "not ", "in", "null", "true"),
    *(
        "any(",
        "all(p:",
        "add 1",
        "1",
        "-1",
        "1.5",
        "9" * 20,
        "2026-01-31T09:30:00Z",
        "status",
        "foo",
    ),
    *("tolower(", "resultInfo/foo", "\t", "\0", "\u00e9", "\U0001f600", "%", "#", "&", "+", "\\"),
]


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A ``$filter`` from which a part was removed, or into which text was inserted."""
    text = draw(conditions).text
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(text)))
        end = draw(st.integers(begin, min(len(text), begin + 4)))
        text = text[:begin] + draw(st.sampled_from(["", *_TOKENS])) + text[end:]
    return text
