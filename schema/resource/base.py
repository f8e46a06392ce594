"""What all models of the resource share: frozen, and named in JSON as GraphQL names them."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A value of the resource, in Python's names inside and GraphQL's names in JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def absent() -> None:
    """Stand as the default of a nullable field.

    As a factory, since the schema prints a plain ``None`` as ``= null``, which tools then take
    for a value to send.
    """
