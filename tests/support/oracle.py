"""The semantics of filters, orders, pages and groups, in plain Python over stored documents.

Written from the contract, without code of the gateway: a filter is the JSON that a client sends, a
document the JSON that it reads, in which null fields may be omitted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

Document = Mapping[str, Any]
Filter = Mapping[str, Any]
Judge = Callable[[Any, Any], bool]

STATUSES = ("NotStarted", "Running", "Completed", "Failed")
IDENTITY_KINDS = (
    "application",
    "device",
    "user",
    "applicationInstance",
    "assertedIdentity",
    "azureCommunicationServicesUser",
    "encrypted",
    "guest",
    "onPremises",
    "phone",
)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


_EXACT: dict[str, Judge] = {
    "eq": lambda value, operand: value == operand,
    "neq": lambda value, operand: value != operand,
    "in": lambda value, operand: value in operand,
    "notIn": lambda value, operand: value not in operand,
    "isNull": lambda value, operand: (value is None) == operand,
}
_OF_VALUES: dict[str, Judge] = {
    "gt": lambda value, operand: value > operand,
    "gte": lambda value, operand: value >= operand,
    "lt": lambda value, operand: value < operand,
    "lte": lambda value, operand: value <= operand,
    "contains": lambda value, operand: operand in value,
    "startsWith": lambda value, operand: value.startswith(operand),
    "endsWith": lambda value, operand: value.endswith(operand),
}


def _holds(name: str, value: object, operand: object) -> bool:
    """Apply one operator: only those of ``_EXACT`` can match a null."""
    if name in _EXACT:
        return _EXACT[name](value, operand)
    return value is not None and _OF_VALUES[name](value, operand)


def compares(value: object, where: Filter) -> bool:
    """Return whether a value, or None for null, matches all operators of a filter."""
    return all(_holds(name, value, operand) for name, operand in where.items())


def _text(value: str | None, where: Filter) -> bool:
    if not where.get("ignoreCase"):
        return compares(value, {name: where[name] for name in where if name != "ignoreCase"})
    folded = {
        name: [text.casefold() for text in operand]
        if isinstance(operand, list)
        else operand.casefold()
        if isinstance(operand, str)
        else operand
        for name, operand in where.items()
        if name != "ignoreCase"
    }
    return compares(None if value is None else value.casefold(), folded)


def _time(value: str | None, where: Filter) -> bool:
    operands = {
        name: operand if name == "isNull" else _instant(operand) for name, operand in where.items()
    }
    return compares(None if value is None else _instant(value), operands)


def _fields(judges: Mapping[str, Judge], thing: Document | None, where: Filter) -> bool:
    """Return whether the fields of an object match; those of a null are null."""
    return all(
        compares(thing, {"isNull": part})
        if name == "isNull"
        else judges[name]((thing or {}).get(name), part)
        for name, part in where.items()
    )


def _diag_code(result: Document | None) -> str | None:
    """Return the code after the first ``DiagCode:`` that is followed by one."""
    for rest in ((result or {}).get("message") or "").split("DiagCode:")[1:]:
        code, found, end = rest.lstrip(" \t\n\r\f\v").partition("#")
        subcode = "".join(takewhile("0123456789".__contains__, end))
        if found and code and set(code) <= set("0123456789") and subcode:
            return f"{code}#{subcode}"
    return None


def _result(result: Document | None, where: Filter) -> bool:
    judges = {
        "code": compares,
        "subcode": compares,
        "message": _text,
        "diagCode": lambda _, part: _text(_diag_code(result), part),
    }
    return _fields(judges, result, where)


def _identity(identity: Document | None, where: Filter) -> bool:
    return _fields({"id": compares, "displayName": _text}, identity, where)


def _is_undeclared(value: object) -> bool:
    """Return whether an additional property is an identity of an undeclared kind."""
    match value:
        case {"id": str(), "displayName": name}:
            return name is None or isinstance(name, str)
        case {"id": str()}:
            return True
    return False


def _identity_set(identities: Document, where: Filter) -> bool:
    def fits(kind: str, part: Filter) -> bool:
        if kind != "any":
            return _identity(identities.get(kind), part)
        present = [identities[kind] for kind in IDENTITY_KINDS if identities.get(kind) is not None]
        present += filter(_is_undeclared, (identities.get("additionalProperties") or {}).values())
        return any(_identity(identity, part) for identity in present)

    return all(fits(kind, part) for kind, part in where.items())


OVERDUE = timedelta(seconds=60)


def is_overdue(operation: Document) -> bool:
    """Return whether an operation has not ended, and was created long ago."""
    created = _instant(operation["createdAt"])
    return operation["status"] in STATUSES[:2] and created <= datetime.now(UTC) - OVERDUE


def _tree(judges: Mapping[str, Judge], thing: Document, where: Filter) -> bool:
    """Return whether an object matches a filter with fields, ``and``, ``or`` and ``not``."""

    def fits(name: str, part: Any) -> bool:  # noqa: ANN401  a filter or a list of filters
        match name:
            case "and":
                return all(_tree(judges, thing, each) for each in part)
            case "or":
                return any(_tree(judges, thing, each) for each in part)
            case "not":
                return not _tree(judges, thing, part)
            case "overdue":
                return is_overdue(thing) is part
        return judges[name](thing.get(name), part)

    return all(fits(name, part) for name, part in where.items())


_PARTICIPANT: dict[str, Judge] = {
    "identity": _identity_set,
    "region": _text,
    "languageId": _text,
    "replacesCallId": compares,
    "hidden": compares,
    "participantId": compares,
}


def _participants(participants: Sequence[Document], where: Filter) -> bool:
    def fits(name: str, part: Filter) -> bool:
        if name == "count":
            return compares(len(participants), part)
        found = [_tree(_PARTICIPANT, participant, part) for participant in participants]
        return {"some": any(found), "every": all(found), "none": not any(found)}[name]

    return all(fits(name, part) for name, part in where.items())


_OPERATION: dict[str, Judge] = {
    "id": compares,
    "callId": compares,
    "clientContext": _text,
    "status": compares,
    "resultInfo": _result,
    "participants": _participants,
    "version": compares,
    "createdAt": _time,
    "updatedAt": _time,
    "endedAt": _time,
}


def matches(document: Document, where: Filter | None) -> bool:
    """Return whether a document matches a filter; None matches all."""
    return where is None or _tree(_OPERATION, document, where)


def matches_change(before: Document | None, after: Document, where: Filter | None) -> bool:
    """Return whether a change matches a filter, by the operation before, if any, and after it."""
    return matches(after, where) or (before is not None and matches(before, where))


def _rank(value: Any) -> Any:  # noqa: ANN401  whatever is sorted by
    return STATUSES.index(value) if value in STATUSES else value


def _by_key(documents: Iterable[Document], path: list[str], direction: str) -> list[Document]:
    nulls, others = [], []
    for document in documents:
        value: Any = document
        for name in path:
            value = (value or {}).get(name)
        if path == ["status"]:
            value = _rank(value)
        if value is None:
            nulls.append(document)
        else:
            others.append((value, document))
    others.sort(key=lambda pair: pair[0], reverse=direction.startswith("DESC"))
    sorted_ = [document for _, document in others]
    nulls_first = direction.endswith("NULLS_FIRST") or direction == "ASC"
    return nulls + sorted_ if nulls_first else sorted_ + nulls


def ordered(documents: Sequence[Document], order_by: Sequence[Filter] | None) -> list[Document]:
    """Sort documents, given in the order of creation, by ``orderBy``."""
    keys: dict[str, str] = {}
    for key in order_by or []:
        ((name, direction),) = key.items()
        if isinstance(direction, Mapping):
            ((inner, direction),) = direction.items()
            name = f"{name}.{inner}"
        keys.setdefault(name, direction)
    ascending = bool(keys) and [*keys.values()][-1].startswith("ASC")
    in_order = list(documents) if ascending else list(reversed(documents))
    for name, direction in reversed(keys.items()):
        in_order = _by_key(in_order, name.split("."), direction)
    return in_order


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    documents: list[Document]
    has_next: bool
    has_previous: bool


def page(everything: Sequence[Document], where: Filter | None, arguments: Filter) -> Page:
    """Return a page of all sorted documents; ``after`` and ``before`` are indexes in them."""
    after, before = arguments.get("after"), arguments.get("before")
    within = everything[0 if after is None else after + 1 : before]
    found = [document for document in within if matches(document, where)]
    last = arguments.get("last")
    if last is not None:
        return Page(found[max(0, len(found) - last) :], before is not None, len(found) > last)
    offset, first = arguments.get("offset") or 0, arguments.get("first")
    rest, first = found[offset:], 50 if first is None else first
    return Page(rest[:first], len(rest) > first, after is not None or offset > 0)


def _kinds(document: Document) -> list[str | None]:
    """Return the kinds of identities in a document, in the order of declaration."""
    found = set()
    for participant in document["participants"]:
        identities = participant["identity"]
        found |= {kind for kind in IDENTITY_KINDS if identities.get(kind) is not None}
        others = (identities.get("additionalProperties") or {}).values()
        found |= {"other"} if any(map(_is_undeclared, others)) else set()
    return [kind for kind in (*IDENTITY_KINDS, "other") if kind in found] or [None]


def _seconds(document: Document) -> float | None:
    ended = document.get("endedAt")
    return ended and (_instant(ended) - _instant(document["createdAt"])).total_seconds()


def _durations(documents: Iterable[Document]) -> dict[str, float] | None:
    """Return percentiles of durations by nearest rank."""
    seconds = sorted(each for each in map(_seconds, documents) if each is not None)
    if not seconds:
        return None
    ranks = {"median": 50, "p95": 95}
    return {name: seconds[-(-len(seconds) * rank // 100) - 1] for name, rank in ranks.items()}


_RANKS = (None, *IDENTITY_KINDS, "other")


def groups(documents: Iterable[Document], by: Sequence[str]) -> list[dict[str, Any]]:
    """Count documents by keys: the largest group first, then by the keys, null lowest."""
    names = list(dict.fromkeys(by))
    found: dict[tuple[Any, ...], list[Document]] = defaultdict(list)
    for document in documents:
        result = document.get("resultInfo") or {}
        for kind in _kinds(document) if "IDENTITY_KIND" in names else [None]:
            values = {
                "STATUS": document["status"],
                "CALL_ID": document.get("callId"),
                "RESULT_CODE": result.get("code"),
                "RESULT_SUBCODE": result.get("subcode"),
                "RESULT_MESSAGE": result.get("message"),
                "RESULT_DIAG_CODE": _diag_code(result),
                "IDENTITY_KIND": kind,
                "CREATED_DAY": document["createdAt"][:10] + "T00:00:00.000000Z",
                "CREATED_HOUR": document["createdAt"][:13] + ":00:00.000000Z",
                "CREATED_MINUTE": document["createdAt"][:16] + ":00.000000Z",
            }
            found[tuple(values[name] for name in names)].append(document)

    def place(item: tuple[tuple[Any, ...], list[Document]]) -> tuple[Any, ...]:
        keys, members = item
        ranks = [
            _RANKS.index(key) if name == "IDENTITY_KIND" else _rank(key)
            for name, key in zip(names, keys, strict=True)
        ]
        return -len(members), *((rank is not None, rank) for rank in ranks)

    return [
        {
            "status": (key_values := dict(zip(names, keys, strict=True))).get("STATUS"),
            "callId": key_values.get("CALL_ID"),
            "resultCode": key_values.get("RESULT_CODE"),
            "resultSubcode": key_values.get("RESULT_SUBCODE"),
            "resultMessage": key_values.get("RESULT_MESSAGE"),
            "resultDiagCode": key_values.get("RESULT_DIAG_CODE"),
            "identityKind": key_values.get("IDENTITY_KIND"),
            "createdFrom": key_values.get("CREATED_MINUTE")
            or key_values.get("CREATED_HOUR")
            or key_values.get("CREATED_DAY"),
            "count": len(members),
            "earliest": min(member["createdAt"] for member in members),
            "latest": max(member["createdAt"] for member in members),
            "duration": _durations(members),
        }
        for keys, members in sorted(found.items(), key=place)
    ]
