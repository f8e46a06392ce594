"""The wording of graphql-core's errors: some of its messages have values as Python writes them.

Messages on documents quote the document, and are nearly unchanged. Messages on variables have the
values, and are replaced; graphql-core alone decides whether values are valid.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_required_input_field,
    is_specified_scalar_type,
    type_from_ast,
)
from graphql.pyutils import did_you_mean, suggestion_list

from schema.excerpts import excerpt
from schema.validation import Path, Problem, invalid_value

MAX_ERRORS = 50
"""How many errors of variables an answer may have."""

_SENTENCE_ENDS = (".", "?", "!", "…")
_REPLACED_ENDS = {" not to be None.": " not to be null.", " <EOF>.": " the end of the document."}
"""Only ends of messages are replaced: the rest may quote the document."""
_ADVICE = {
    "Int": "Give a whole number from -2,147,483,648 to 2,147,483,647.",
    "Float": "Give a number.",
    "String": "Give a string.",
    "Boolean": "Give true or false.",
    "ID": "Give a string.",
}


def sentence(message: str) -> str:
    """Return a message of graphql-core with "null" for None, and a full stop at its end."""
    for end, other in _REPLACED_ENDS.items():
        if message.endswith(end):
            return message.removesuffix(end) + other
    return message if message.endswith(_SENTENCE_ENDS) else f"{message}."


def invalid_variables(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    values: Mapping[str, Any],
    *,
    hide_suggestions: bool,
) -> list[GraphQLError]:
    """Return an error for each invalid value of an operation's variables."""
    errors_found = _Variables(hide_suggestions=hide_suggestions).errors(schema, operation, values)
    errors = [*islice(errors_found, MAX_ERRORS + 1)]
    if len(errors) > MAX_ERRORS:
        errors[-1] = GraphQLError(
            f"There are more errors than these {MAX_ERRORS}. Correct them first."
        )
    return errors


class _Variables:
    """Finds why values are invalid, by the rules of GraphQL's input coercion."""

    def __init__(self, *, hide_suggestions: bool) -> None:
        self._hide_suggestions = hide_suggestions

    def errors(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, values: Mapping[str, Any]
    ) -> Iterator[GraphQLError]:
        """Yield an error for each invalid value."""
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            type_: Any = type_from_ast(schema, definition.type)
            if name in values:
                problems = self._problems(values[name], type_, ())
            elif isinstance(type_, GraphQLNonNull) and definition.default_value is None:
                problems = iter([Problem((), f"A value of type '{type_}' is required.")])
            else:
                continue
            for problem in problems:
                message = invalid_value(f"variable '${name}'", problem.path, problem.message)
                yield GraphQLError(message, definition)

    def _problems(self, value: object, type_: GraphQLInputType, path: Path) -> Iterator[Problem]:
        if isinstance(type_, GraphQLNonNull):
            if value is None:
                yield Problem(path, f"Expected a value of type '{type_}', but null was given.")
                return
            type_ = type_.of_type
        if value is None:
            return
        if isinstance(type_, GraphQLList):
            yield from self._list_problems(value, type_.of_type, path)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from self._object_problems(value, type_, path)
        elif problem := self._leaf_problem(value, type_):
            yield Problem(path, problem)

    def _list_problems(self, value: object, type_: Any, path: Path) -> Iterator[Problem]:  # noqa: ANN401  graphql-core's
        if not isinstance(value, list):  # coerced to a list of one
            yield from self._problems(value, type_, path)
            return
        for index, item in enumerate(value):
            yield from self._problems(item, type_, (*path, index))

    def _object_problems(
        self, value: object, type_: GraphQLInputObjectType, path: Path
    ) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"{_mismatch(value, type_)} Give an object.")
            return
        for name, field in type_.fields.items():
            if name in value:
                yield from self._problems(value[name], field.type, (*path, name))
            elif is_required_input_field(field):
                message = f"The field '{name}' of type '{field.type}' is required. Give it a value."
                yield Problem(path, message)
        for name in [name for name in value if name not in type_.fields]:
            yield Problem(path, self._unknown_field(name, type_))
        known = [name for name in value if name in type_.fields]
        if type_.is_one_of and (len(known) != 1 or value[known[0]] is None):
            yield Problem(path, f"Give exactly one field of the type '{type_}', and not null.")

    def _unknown_field(self, name: str, type_: GraphQLInputObjectType) -> str:
        close = [] if self._hide_suggestions else suggestion_list(name, [*type_.fields])
        return f"The type '{type_}' has no field {excerpt(name)}.{did_you_mean(close)}"

    def _leaf_problem(
        self, value: object, type_: GraphQLEnumType | GraphQLScalarType
    ) -> str | None:
        """Return why a value of a scalar or an enum is invalid, or None."""
        if isinstance(type_, GraphQLEnumType):
            if isinstance(value, str) and value in type_.values:
                return None
            advice = "" if self._hide_suggestions else f" Give one of: {', '.join(type_.values)}."
            return f"{_mismatch(value, type_)}{advice}"
        try:
            type_.coerce_input_value(value)
        except GraphQLError as error:
            if not is_specified_scalar_type(type_):
                return error.message
            return f"{_mismatch(value, type_)} {_ADVICE[type_.name]}"
        return None


def _mismatch(value: object, type_: GraphQLInputType) -> str:
    return f"Expected a value of type '{type_}', but {excerpt(value)} was given."
