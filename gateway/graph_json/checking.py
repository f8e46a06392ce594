"""Strict validation of operations in files and notifications."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from schema.validation import Problem, reason

ModelT = TypeVar("ModelT", bound=BaseModel)


class InvalidProperties(ValueError):
    """Some properties of an operation are invalid, as ``problems`` describes."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(_describe, problems)))
        self.problems = problems


def _describe(problem: Problem) -> str:
    """Return the path of a property and its problem."""
    return f"{'.'.join(map(str, problem.path))}: {problem.message.removesuffix('.')}"


def read_model(model: type[ModelT], properties: Any) -> ModelT:  # noqa: ANN401  JSON
    """Validate JSON as a model.

    Raise ``InvalidProperties`` for invalid properties, and ``ValueError`` for JSON that cannot be
    encoded again.
    """
    try:
        return model.model_validate_json(msgspec.json.encode(properties), strict=True)
    except UnicodeEncodeError:
        raise ValueError("a text in it is not valid Unicode") from None
    except TypeError:  # the decoder returns such a number as an object that cannot be encoded
        raise ValueError("a number in it is out of range") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValidationError as invalid:
        problems = [Problem(error["loc"], _message(error)) for error in invalid.errors()]
    raise InvalidProperties(problems)


def _message(error: Any) -> str:  # noqa: ANN401  pydantic's error
    if error["type"] == "extra_forbidden":
        return (
            "no such property; put properties that Microsoft Graph does not declare under "
            "additionalProperties, or keep the @odata.type"
        )
    return reason(error)
