"""``resultInfo``: how an operation ended."""

import strawberry
from pydantic import Field

from schema.constraints import Int32, Text
from schema.resource.base import Model, absent


class ResultInfoFields(Model):
    """The fields of a result, for both types."""

    code: Int32 = Field(
        description=(
            "The result in the manner of HTTP: 2xx success, 4xx a fault of the caller, 5xx of the "
            "service. 0 is seen on success too."
        ),
    )
    subcode: Int32 = Field(
        description="The finer reason within `code`, such as 8508; 0 when there is none."
    )
    message: Text | None = Field(
        default_factory=absent,
        description="The reason in words. At most 1,024 characters; null when none was given.",
    )


@strawberry.pydantic.type(description="How an operation ended, or how far it got.")
class ResultInfo(ResultInfoFields):
    """The output type of the result."""


@strawberry.pydantic.input(description="How an operation ended, or how far it got.")
class ResultInfoInput(ResultInfoFields):
    """The input type of the result."""
