"""The base of all models."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema


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

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema, in which None is the default in place of a call of ``absent``."""
        schema = handler(source)
        model: Any = schema  # or validators around the model
        while "fields" not in model:
            model = model["schema"]
        for field in model["fields"].values():
            if field["schema"].get("default_factory") is absent:
                del field["schema"]["default_factory"]
                field["schema"]["default"] = None
        return schema


def absent() -> None:
    """Return None, as the default factory of nullable fields.

    The schema would print a default of None as ``= null``, which tools then send.
    """
