"""Reading what a file or a notification says of an operation as a model, strictly."""

from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from schema.validation import reason

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_model(model: type[ModelT], properties: Any) -> ModelT:  # noqa: ANN401  JSON
    """Read a model out of JSON; raise ``ValueError`` that tells of each property that is wrong."""
    try:
        return model.model_validate_json(msgspec.json.encode(properties), strict=True)
    except UnicodeEncodeError:
        raise ValueError("a text in it is not valid Unicode") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValidationError as invalid:
        raise ValueError("; ".join(_told(error) for error in invalid.errors())) from None


def _told(error: Any) -> str:  # noqa: ANN401  pydantic's error
    """Tell a problem: which property, and what is wrong."""
    path = ".".join(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        return (
            f"{path}: no such property; put what Microsoft Graph does not declare under "
            "additionalProperties, or keep its @odata.type"
        )
    return f"{path}: {reason(error).removesuffix('.')}"
