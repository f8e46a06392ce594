"""Values of variables, validated as the types that an operation declares.

Pydantic's strict mode accepts the values that GraphQL's coercion accepts unchanged. For all others
the reference executor coerces them, or has the error.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NotRequired

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    VariableDefinitionNode,
    get_named_type,
    type_from_ast,
    value_from_ast_untyped,
)
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes typing's own only from Python 3.12

from gateway.documents.request import NO_VARIABLES, Variables
from gateway.execution.compiled.fallback import Declined
from schema.constraints import Int32, Moment
from schema.filters import Filter

Values = Mapping[str, Any]
Read = Callable[[bytes], Any]

CACHED_VALUES = 256
MAX_CACHED_LENGTH = 256
"""The length of texts whose values are cached, so that they take at most some 20 MB."""

_SCALARS: dict[str, Any] = {
    "ID": str,
    "String": str,
    "Int": Int32,
    "Boolean": bool,
    "DateTime": Moment,
    "JSON": Any,
}


def python_type(type_: Any) -> Any:  # noqa: ANN401  a GraphQL input type, and a Python one
    """Return the Python type that JSON values of a GraphQL input type are validated as."""
    if isinstance(type_, GraphQLNonNull):
        return _python_type_of_value(type_.of_type)
    return _python_type_of_value(type_) | None


def _python_type_of_value(type_: Any) -> Any:  # noqa: ANN401  as above
    match type_:
        case GraphQLList():
            return list[python_type(type_.of_type)]  # type: ignore[misc]
        case GraphQLInputObjectType():
            return type_.extensions["strawberry-definition"].origin
        case GraphQLEnumType():
            return type_.extensions["strawberry-definition"].wrapped_cls
    if type_.name not in _SCALARS:
        raise Declined("a scalar of a rare kind")
    return _SCALARS[type_.name]


def reader(type_: Any) -> Read:  # noqa: ANN401  a Python type
    """Return a function that validates JSON as ``type_``, and raises ``Declined``."""
    validate = TypeAdapter(type_).validator.validate_json

    def read(text: bytes) -> Any:  # noqa: ANN401  of the type
        try:
            return validate(text, strict=True, by_alias=True, by_name=False)
        except ValidationError as validation_error:
            raise Declined("a value to coerce", validation_error) from None
        except (RecursionError, TypeError):
            raise Declined("a value to coerce") from None

    return read


def text_of(value: Any) -> bytes:  # noqa: ANN401  JSON
    """Encode a JSON value; raise ``Declined`` for lone surrogates."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        raise Declined("a value to coerce") from None


@lru_cache(CACHED_VALUES)
def cached_value(read: Read, text: bytes) -> Any:  # noqa: ANN401  of the type
    """Return ``read(text)``, or the result of an earlier call, which must not be changed.

    Lists are often read again with the same filter, which takes longer to validate than to find.
    """
    return read(text)


def is_filter(type_: Any) -> bool:  # noqa: ANN401  a GraphQL input type
    """Return whether the values of a type are filters, or lists of them."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType):
        return False
    return issubclass(named.extensions["strawberry-definition"].origin, Filter)


class CoercedVariables(msgspec.Struct, frozen=True):
    """The values of variables: as JSON, and as Python types."""

    variables: Variables
    typed: Values

    @property
    def json(self) -> Values:
        """The values as JSON."""
        return self.variables.values


_NO_VARIABLES = CoercedVariables(NO_VARIABLES, {})


class VariableTypes:
    """The types and defaults of an operation's variables."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        types: dict[str, Any] = {}
        self._has_filter = False
        self._defaults: dict[str, Any] = {}
        for definition in definitions:
            name = definition.variable.name.value
            type_ = type_from_ast(schema, definition.type)
            required = isinstance(type_, GraphQLNonNull) and definition.default_value is None
            python = python_type(type_)
            self._has_filter = self._has_filter or is_filter(type_)
            types[name] = python if required else NotRequired[python]
            if definition.default_value is not None:
                self._defaults[name] = value_from_ast_untyped(definition.default_value)
        declared = TypedDict("declared", types)  # type: ignore[misc]  # made at run time
        self._read = reader(declared) if types else None

    def coerce(self, variables: Variables) -> "CoercedVariables":
        """Return the values of variables, with defaults for those left out.

        Raises ``Declined`` for a value that needs coercion or is invalid.
        """
        if not self._read:
            return _NO_VARIABLES
        if self._defaults:
            values = {**self._defaults, **variables.values}
            variables = Variables(text_of(values), values)
        if self._has_filter and len(variables.text) <= MAX_CACHED_LENGTH:
            return CoercedVariables(variables, cached_value(self._read, variables.text))
        return CoercedVariables(variables, self._read(variables.text))
