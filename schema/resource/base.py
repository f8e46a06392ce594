"""What all models share: frozen, and named in JSON as GraphQL names them."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def graphql_name(name: str) -> str:
    """Return the GraphQL name of a field; ``in_`` and the like are Python's way around keywords."""
    return to_camel(name.rstrip("_"))


class Model(BaseModel):
    """A value in Python's names inside and GraphQL's names in JSON; anything unnamed is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=graphql_name,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def absent() -> None:
    """Stand as the default of a nullable field.

    As a factory, since the schema prints a plain ``None`` as ``= null``, which tools then take
    for a value to send.
    """
