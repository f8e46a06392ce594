"""The arguments of a field: literals are coerced once, variables for each request."""

from collections.abc import Callable
from math import inf
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_argument_values,
    value_from_ast_untyped,
)
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.arguments import StrawberryArgument, convert_arguments

from gateway.documents.json import decode
from gateway.execution.compiled.fallback import Declined
from gateway.execution.compiled.variables import (
    MAX_CACHED_LENGTH,
    CoercedVariables,
    Values,
    cached_value,
    is_filter,
    python_type,
    reader,
    text_of,
)
from schema import Schema

Arguments = dict[str, Any]


Fill = Callable[[Arguments, CoercedVariables], None]


class ArgumentPlan:
    """Makes the keyword arguments of a resolver."""

    def __init__(self, schema: Schema, field: GraphQLField, node: FieldNode) -> None:
        definition = field.extensions["strawberry-definition"]
        names = schema.config.name_converter
        arguments = {names.from_argument(argument): argument for argument in definition.arguments}
        written = {argument.name.value: argument.value for argument in node.arguments or ()}
        varying = {name: value for name, value in written.items() if _has_variable(value)}
        self._constant = _constant(schema, field, node, arguments, set(varying))
        self._fills: list[Fill] = [
            _fill(arguments[name].python_name, field.args[name], value)
            for name, value in varying.items()
        ]

    def arguments(self, given: CoercedVariables) -> Arguments:
        """Return the arguments for the values of variables; raise ``Declined`` for invalid ones."""
        arguments = dict(self._constant)
        for fill in self._fills:
            fill(arguments, given)
        return arguments


def _constant(
    schema: Schema,
    field: GraphQLField,
    node: FieldNode,
    arguments: dict[str, StrawberryArgument],
    varying: set[str],
) -> Arguments:
    """Coerce the literals in the document, and defaults."""
    fixed = {name: argument for name, argument in field.args.items() if name not in varying}
    try:
        return convert_arguments(
            get_argument_values(GraphQLField(field.type, fixed), node),
            [argument for name, argument in arguments.items() if name not in varying],
            scalar_registry=schema.schema_converter.scalar_registry,
            config=schema.config,
        )
    except (GraphQLError, StrawberryInputCoercionError):
        raise Declined("a literal that does not fit") from None


def _fill(python_name: str, argument: GraphQLArgument, value: ValueNode) -> Fill:
    """Return a function that adds an argument that depends on variables."""
    is_required = isinstance(argument.type, GraphQLNonNull)
    if isinstance(value, VariableNode):
        name = value.name.value

        def fill_variable(arguments: Arguments, given: CoercedVariables) -> None:
            if name not in given.typed:
                if argument.default_value is not Undefined:
                    raise Declined("an argument's default")
                return
            if is_required and given.typed[name] is None:
                raise Declined("null where none may be")
            arguments[python_name] = given.typed[name]

        return fill_variable

    return _fill_template(python_name, argument, value)


def _fill_template(python_name: str, argument: GraphQLArgument, value: ValueNode) -> Fill:
    """Return a function that adds a list or an object with variables in it."""
    read = reader(python_type(argument.type))
    is_cached = is_filter(argument.type) and _length(value) <= MAX_CACHED_LENGTH

    def read_template(variables: Values) -> Any:  # noqa: ANN401  of the argument's type
        return read(text_of(value_from_ast_untyped(value, dict(variables))))

    def read_text(variables: bytes) -> Any:  # noqa: ANN401  as above
        return read_template(decode(variables))

    def fill_template(arguments: Arguments, given: CoercedVariables) -> None:
        text = given.variables.text
        if is_cached and len(text) <= MAX_CACHED_LENGTH:
            arguments[python_name] = cached_value(read_text, text)
        else:
            arguments[python_name] = read_template(given.json)

    return fill_template


def _length(value: ValueNode) -> float:
    """Return the length of a value in its document."""
    return value.loc.end - value.loc.start if value.loc else inf


def _has_variable(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(_has_variable(item) for item in value.values)
        case ObjectValueNode():
            return any(_has_variable(field.value) for field in value.fields)
    return False
