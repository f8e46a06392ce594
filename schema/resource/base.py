"""The base of all models."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def graphql_name(name: str) -> str:
    """Return the GraphQL name of a field, without the underscore of names such as ``in_``."""
    return to_camel(name.rstrip("_"))


class Model(BaseModel):
    """A frozen model whose fields have GraphQL's names in JSON; unknown fields are errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=graphql_name,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def absent() -> None:
    """Return None, as the default factory of nullable fields.

    The schema would print a default of None as ``= null``, which tools then send.
    """
