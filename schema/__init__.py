"""The GraphQL schema: types, inputs, resolvers, and the ports they need."""

from functools import cache

import strawberry
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema.errors import (
    AbortedError,
    AlreadyExistsError,
    ConflictError,
    IdempotencyError,
    NotFoundError,
    ValidationError,
)
from schema.mutations import Mutation
from schema.queries import Query
from schema.resource.operation import InviteParticipantsOperation, read_attribute
from schema.scalars import SCALARS
from schema.subscriptions import Subscription

DESCRIPTION = (
    "The operations that track inviting participants into calls (`inviteParticipantsOperation` of "
    "Microsoft Graph), of all calls. Read one with `inviteParticipantsOperation`, or filter, sort "
    "and page through them with `inviteParticipantsOperations`. Mutations return expected failures "
    "as data, in `errors`, with a code and the path of the wrong value. To keep a copy up to date, "
    "read a list with its `changeCursor`, then query `changes` after it, or subscribe to them."
)


class Schema(strawberry.Schema):
    """The schema; errors are logged by ``gateway.execution.errors``."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Do nothing."""

    @property
    def graphql(self) -> GraphQLSchema:
        """The schema of graphql-core."""
        return self._schema

    def sdl(self) -> str:
        """Return the schema in SDL, sorted for small diffs."""
        return print_schema(lexicographic_sort_schema(self._schema)) + "\n"


@cache
def build_schema() -> Schema:
    """Return the schema, which is built once."""
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            InviteParticipantsOperation,
            AbortedError,
            AlreadyExistsError,
            ConflictError,
            IdempotencyError,
            NotFoundError,
            ValidationError,
        ],
        config=StrawberryConfig(scalar_map=SCALARS, default_resolver=read_attribute),
    )
    schema.graphql.description = DESCRIPTION
    for type_ in schema.graphql.type_map.values():
        # Strawberry does not set the attribute that graphql-core validates @oneOf inputs by.
        if isinstance(type_, GraphQLInputObjectType):
            type_.is_one_of = type_.extensions["strawberry-definition"].is_one_of
    return schema
