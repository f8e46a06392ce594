"""``resultInfo``: how an operation ended."""

import strawberry
from pydantic import Field

from schema.constraints import Int32, Text
from schema.resource.base import Model, absent


class ResultInfoFields(Model):
    """The fields of a result, for both types."""

    code: Int32 = Field(
        description=(
            "The result code, modelled on HTTP statuses: 2xx for success, 4xx for an error of the "
            "caller, 5xx for one of the service. 0 occurs on success too."
        ),
    )
    subcode: Int32 = Field(
        description="The reason in more detail than `code`, such as 8508; 0 if there is none."
    )
    message: Text | None = Field(
        default_factory=absent,
        description="The reason as text. At most 1,024 characters; null if none was given.",
    )


@strawberry.pydantic.type(description="The result of an operation.")
class ResultInfo(ResultInfoFields):
    """The output type of the result."""


@strawberry.pydantic.input(description="The result of an operation.")
class ResultInfoInput(ResultInfoFields):
    """The input type of the result."""
