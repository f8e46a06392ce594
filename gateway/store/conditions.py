"""What a filter means, as a condition in SQL.

A filter is true or false, an SQL condition can also be NULL. A condition made here may be NULL
where the filter says false: AND, OR, EXISTS and WHERE take it so, and what negates asks IS NOT
TRUE.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from pydantic.alias_generators import to_camel
from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true

from gateway.store.tables import STATUS_RANKS, identities, operations
from schema.constraints import IDENTITY_KINDS, is_faithful
from schema.errors import LimitExceeded
from schema.filters import (
    Filter,
    IdentityFilter,
    IdentitySetFilter,
    InvitationParticipantInfoFilter,
    InvitationParticipantInfoListFilter,
    InviteParticipantsOperationFilter,
    ResultInfoFilter,
)
from schema.resource.operation import OperationStatus

Condition = ColumnElement[bool]
Value = ColumnElement[Any]

MAX_FILTER_CONDITIONS = 500
MAX_FILTER_DEPTH = 16


def condition(where: InviteParticipantsOperationFilter | None) -> Condition:
    """Translate a filter on operations.

    Raises ``LimitExceeded`` for one that is too large or too deep for a database to read.
    """
    if where is None:
        return true()
    _check_size(where)
    return _operation(where)


def _given(part: Filter) -> Iterator[tuple[str, Any]]:
    for name in part.model_fields_set:
        yield name, getattr(part, name).value


def _nested(value: object) -> list[Filter]:
    if isinstance(value, Filter):
        return [value]
    return [item for item in value if isinstance(item, Filter)] if isinstance(value, list) else []


def _check_size(where: Filter) -> None:
    conditions = 0
    level = [where]
    for depth in range(1, MAX_FILTER_DEPTH + 2):
        if depth > MAX_FILTER_DEPTH:
            raise LimitExceeded(
                f"The filter is nested more than {MAX_FILTER_DEPTH} levels deep.",
                limit="filterDepth",
                value=MAX_FILTER_DEPTH,
                requested=depth,
            )
        conditions += len(level)
        if conditions > MAX_FILTER_CONDITIONS:
            raise LimitExceeded(
                f"The filter has more than {MAX_FILTER_CONDITIONS} conditions.",
                limit="filterConditions",
                value=MAX_FILTER_CONDITIONS,
                requested=conditions,
            )
        level = [item for part in level for _, value in _given(part) for item in _nested(value)]
        if not level:
            return


def _not(clause: Condition) -> Condition:
    return clause.is_not(true())


def _all(clauses: list[Condition]) -> Condition:
    return and_(true(), *clauses)


def _any(clauses: list[Condition]) -> Condition:
    return or_(false(), *clauses)


def _operation(where: InviteParticipantsOperationFilter) -> Condition:
    clauses: list[Condition] = []
    for name, value in _given(where):
        match name:
            case "and_":
                clauses.append(_all([_operation(part) for part in value]))
            case "or_":
                clauses.append(_any([_operation(part) for part in value]))
            case "not_":
                clauses.append(_not(_operation(value)))
            case "result_info":
                clauses.append(_result(value))
            case "participants":
                clauses.append(_participants(value))
            case _:
                clauses.append(_comparison(operations.c[name], value))
    return _all(clauses)


def _result(where: ResultInfoFilter) -> Condition:
    """Compare the result; its code is there whenever the result is."""
    return _all(
        [
            _comparison(operations.c[f"result_{name}"], value)
            if isinstance(value, Filter)
            else _null(operations.c.result_code, is_null=value)
            for name, value in _given(where)
        ]
    )


def _participants(where: InvitationParticipantInfoListFilter) -> Condition:
    clauses: list[Condition] = []
    for name, value in _given(where):
        if name == "count":
            clauses.append(_comparison(operations.c.participant_count, value))
            continue
        participant = func.json_each(operations.c.document, "$.participants").table_valued(
            "value", name=None
        )
        matches = _participant(participant.c.value, value)
        unwanted = _not(matches) if name == "every" else matches
        found = exists().select_from(participant).where(unwanted)
        if name == "some":
            clauses += [*_indexed(value), found]
        else:
            clauses.append(~found)
    return _all(clauses)


def _indexed(where: InvitationParticipantInfoFilter) -> Iterator[Condition]:
    """Say again, in a way an index serves, which operations a filter on ids of identities takes.

    It holds for more than the filter does, never for less, so that both together mean the filter.
    """
    for name, value in _given(where):
        if name == "and_":
            for part in value:
                yield from _indexed(part)
        elif name == "identity":
            for kind, identity in _given(value):
                for field, comparison in _given(identity):
                    if field == "id" and comparison.model_fields_set & {"eq", "in_"}:
                        same_kind = true() if kind == "any" else identities.c.kind == to_camel(kind)
                        yield operations.c.seq.in_(
                            select(identities.c.operation_seq).where(
                                same_kind, _comparison(identities.c.id, comparison)
                            )
                        )


def _participant(participant: Value, where: InvitationParticipantInfoFilter) -> Condition:
    clauses: list[Condition] = []
    for name, value in _given(where):
        match name:
            case "and_":
                clauses.append(_all([_participant(participant, part) for part in value]))
            case "or_":
                clauses.append(_any([_participant(participant, part) for part in value]))
            case "not_":
                clauses.append(_not(_participant(participant, value)))
            case "identity":
                clauses.append(_identity_set(participant, value))
            case _:
                clauses.append(_comparison(_field(participant, to_camel(name)), value))
    return _all(clauses)


def _identity_set(participant: Value, where: IdentitySetFilter) -> Condition:
    clauses: list[Condition] = []
    for name, value in _given(where):
        if name == "any":
            identity = func.json_each(participant, "$.identity").table_valued(
                "key", "value", name=None
            )
            clauses.append(
                exists()
                .select_from(identity)
                .where(
                    identity.c.key.in_(IDENTITY_KINDS),
                    _identity(identity.c.value, value),
                )
            )
        else:
            clauses.append(_identity(_field(participant, f"identity.{to_camel(name)}"), value))
    return _all(clauses)


def _identity(identity: Value, where: IdentityFilter) -> Condition:
    return _all(
        [
            _comparison(_field(identity, to_camel(name)), value)
            if isinstance(value, Filter)
            else _null(identity, is_null=value)
            for name, value in _given(where)
        ]
    )


def _field(json: Value, path: str) -> Value:
    return func.json_extract(json, f"$.{path}")


def _null(value: Value, *, is_null: bool) -> Condition:
    return value.is_(None) if is_null else value.is_not(None)


def _comparison(value: Value, where: Filter) -> Condition:
    """Compare one value; ``where`` is one of the filters of single values."""
    given = dict(_given(where))
    ignore_case = given.pop("ignore_case", False)
    compared = func.casefold(value) if ignore_case else value
    clauses: list[Condition] = []
    for name, given_operand in given.items():
        if name == "is_null":
            clauses.append(_null(value, is_null=given_operand))
        elif (operand := _operand(given_operand, ignore_case=ignore_case)) is not None:
            clauses.append(_OPERATORS[name](compared, operand))
        else:  # nothing stored is such a text, nor holds it
            clauses.append(true() if name == "neq" else false())
    return _all(clauses)


def _operand(operand: Any, *, ignore_case: bool) -> Any:  # noqa: ANN401  any operator's
    """Write an operand as its column holds it; None for a text no column can hold."""
    match operand:
        case OperationStatus():
            return STATUS_RANKS[str(operand.value)]
        case str() if not is_faithful(operand):
            return None
        case str() if ignore_case:
            return operand.casefold()
        case list():
            items = [_operand(item, ignore_case=ignore_case) for item in operand]
            return [item for item in items if item is not None]
    return operand


def _ends_with(value: Value, ending: str) -> Condition:
    return func.substr(value, -len(ending)) == ending if ending else value.is_not(None)


def _member(value: Value, operands: list[Any]) -> Condition:
    """Compare with a list of any length, bound as one parameter."""
    json = msgspec.json.encode(operands).decode()
    return value.in_(select(func.json_each(json).table_valued("value", name=None).c.value))


_OPERATORS: dict[str, Callable[[Value, Any], Condition]] = {
    "eq": operator.eq,
    "neq": lambda value, operand: _not(value == operand),
    "in_": _member,
    "not_in": lambda value, operand: _not(_member(value, operand)),
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "contains": lambda value, operand: func.instr(value, operand) > 0,
    "starts_with": lambda value, operand: func.substr(value, 1, len(operand)) == operand,
    "ends_with": _ends_with,
}
