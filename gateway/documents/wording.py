"""graphql-core's messages in GraphQL's words: some of its own write values as Python does.

Those of a document need little, since they quote the document. Those of variables repeat the values
that were given, so they are written anew here; whether the values fit is for graphql-core to say.
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
"""For so many values of variables an answer says what is wrong."""

_SENTENCE_ENDS = (".", "?", "!", "…")
_PUT_OTHERWISE = {" not to be None.": " not to be null.", " <EOF>.": " the end of the document."}
"""Ends of messages: what comes before them may quote the document."""
_MISFITS = {
    "Int": "Give a whole number from -2,147,483,648 to 2,147,483,647.",
    "Float": "Give a number.",
    "String": "Give a string.",
    "Boolean": "Give true or false.",
    "ID": "Give a string.",
}


def sentence(message: str) -> str:
    """Return a message of graphql-core's with null called null, and a full stop at its end."""
    for end, other in _PUT_OTHERWISE.items():
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
    """Say what is wrong with the values of an operation's variables, for those that do not fit."""
    explained = _Variables(hide_suggestions=hide_suggestions).errors(schema, operation, values)
    errors = [*islice(explained, MAX_ERRORS + 1)]
    if len(errors) > MAX_ERRORS:
        errors[-1] = GraphQLError(
            f"There are more errors than these {MAX_ERRORS}. Correct them first."
        )
    return errors


class _Variables:
    """Explains why values do not fit types, by the rules of GraphQL's input coercion."""

    def __init__(self, *, hide_suggestions: bool) -> None:
        self._hide_suggestions = hide_suggestions

    def errors(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, values: Mapping[str, Any]
    ) -> Iterator[GraphQLError]:
        """Give an error for each value that does not fit."""
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
                told = invalid_value(f"variable '${name}'", problem.path, problem.message)
                yield GraphQLError(told, definition)

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
        if not isinstance(value, list):  # which is taken as a list of one
            yield from self._problems(value, type_, path)
            return
        for index, item in enumerate(value):
            yield from self._problems(item, type_, (*path, index))

    def _object_problems(
        self, value: object, type_: GraphQLInputObjectType, path: Path
    ) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"{_misfit(value, type_)} Give an object.")
            return
        for name, field in type_.fields.items():
            if name in value:
                yield from self._problems(value[name], field.type, (*path, name))
            elif is_required_input_field(field):
                told = f"The field '{name}' of type '{field.type}' is required. Give it a value."
                yield Problem(path, told)
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
        """Say why a value is none of a scalar or an enum, or return None for one that is."""
        if isinstance(type_, GraphQLEnumType):
            if isinstance(value, str) and value in type_.values:
                return None
            way_out = "" if self._hide_suggestions else f" Give one of: {', '.join(type_.values)}."
            return f"{_misfit(value, type_)}{way_out}"
        try:
            type_.coerce_input_value(value)
        except GraphQLError as error:
            if not is_specified_scalar_type(type_):
                return error.message
            return f"{_misfit(value, type_)} {_MISFITS[type_.name]}"
        return None


def _misfit(value: object, type_: GraphQLInputType) -> str:
    return f"Expected a value of type '{type_}', but {excerpt(value)} was given."
