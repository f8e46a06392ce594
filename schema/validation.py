"""Validation of inputs as pydantic models, with messages in GraphQL's terms.

Pydantic's own messages have the names of Python types and classes, which do not help clients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from strawberry.types.arguments import InputContext

from schema.errors import BadUserInput
from schema.excerpts import excerpt

InputT = TypeVar("InputT", bound=BaseModel)
Path = tuple[str | int, ...]

MAX_PROBLEMS = 5
"""How many problems are in a message; the extensions of the error have all of them."""

_EXPECTED = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of 32 bits",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""The expected type, by the type of pydantic's error."""


@dataclass(frozen=True)
class Problem:
    """An invalid value in an input: its path of field names and list indexes, and a sentence."""

    path: Path
    message: str


class InvalidInput(Exception):
    """An input is invalid for the reasons in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def read_input(model: type[InputT], value: Mapping[str, Any]) -> InputT:
    """Validate an input object with GraphQL's names of fields; raise ``InvalidInput``."""
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as invalid:
        problems = [
            Problem(error["loc"], reason(error, model))
            for error in invalid.errors(include_url=False)
        ]
    raise InvalidInput(problems)  # without pydantic's error, which has a reference to the input


def invalid_value(where: str, path: Path, message: str) -> str:
    """Return the message for an invalid value in ``where``, such as an argument."""
    location = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    at = f" at '{location.removeprefix('.')}'" if path else ""
    return f"Invalid value{at} of the {where}. {message}"


def refuse_invalid_values(model: type[InputT]) -> type[InputT]:
    """Make an input raise ``BadUserInput`` for invalid values."""
    model.__strawberry_definition__.from_input = _argument  # type: ignore[attr-defined]
    return model


def _argument(model: type[BaseModel], value: Mapping[str, Any], context: InputContext) -> BaseModel:
    try:
        return read_input(model, value)
    except InvalidInput as invalid:
        problems = invalid.problems
    argument, *outer = context.path
    messages = [
        invalid_value(f"argument '{argument}'", (*outer, *problem.path), problem.message)
        for problem in problems[:MAX_PROBLEMS]
    ]
    if len(problems) > MAX_PROBLEMS:
        messages.append(f"There are {len(problems) - MAX_PROBLEMS} more.")
    raise BadUserInput(
        " ".join(messages),
        validationErrors=[
            {"path": [str(step) for step in (*context.path, *one.path)], "message": one.message}
            for one in problems
        ],
    )


def reason(error: Any, model: type[BaseModel] | None = None) -> str:  # noqa: ANN401, C901, PLR0911  pydantic's error, a sentence for each type
    """Return the message for an error of pydantic's on a value of ``model``."""
    given, limits = error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "The field is required. Give it a value."
        case "extra_forbidden":
            return f"There is no field {excerpt(error['loc'][-1])} here. Leave it out."
        case _ if given is None:
            return f"The value null was given. {_without_null(model, error['loc'])}"
        case "value_error":
            return str(limits["error"])
        case "string_too_short":
            return f"The string is empty. Give {limits['min_length']} character or more."
        case "string_too_long":
            most = limits["max_length"]
            return f"The string has {len(given):,} characters. Give {most:,} at most."
        case "too_long":
            return f"The list has {len(given):,} items. Give {limits['max_length']:,} at most."
        case "greater_than_equal":
            return f"The number {excerpt(given)} is too small. Give {limits['ge']:,} or more."
        case "less_than_equal":
            return f"The number {excerpt(given)} is too large. Give {limits['le']:,} or less."
        case "enum":
            return f"The value {excerpt(given)} was given. Expected {limits['expected']}."
        case type_ if type_ in _EXPECTED:
            return f"Expected {_EXPECTED[type_]}, but {excerpt(given)} was given."
    return f"The value {excerpt(given)} is not allowed here."


def _without_null(model: type[BaseModel] | None, path: Path) -> str:
    """Return the advice for a null that is not allowed: many filters have ``isNull``."""
    *outer, last = path
    around = model
    for step in outer:
        around = _model_at(around, step)
    within = _model_at(around, last)
    if last != "isNull" and any(one and "is_null" in one.model_fields for one in (around, within)):
        return "Leave the field out, or use isNull."
    return "Leave the field out, or give it a value."


def _model_at(model: type[BaseModel] | None, step: str | int) -> type[BaseModel] | None:
    """Return the model of a field's value or, for an index, of the items of a list."""
    if model is None or isinstance(step, int):
        return model
    fields = model.model_fields.values()
    return next((_model_in(field.annotation) for field in fields if field.alias == step), None)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model in an annotation, such as ``Maybe[list[Model]]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
