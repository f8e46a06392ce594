"""``viewer``: the client that asks."""

from enum import Enum

import strawberry

from schema.context import Context, Scope


@strawberry.enum(description="The permissions of a client.")
class ViewerScope(Enum):
    """The scopes of ``schema.context``."""

    READ = strawberry.enum_value(
        Scope.READ.value, description="Read operations, and subscribe to their changes."
    )
    WRITE = strawberry.enum_value(
        Scope.WRITE.value, description="Create, change and delete operations."
    )
    INTROSPECTION = strawberry.enum_value(Scope.INTROSPECTION.value, description="Read the schema.")


@strawberry.type(description="The client that sent the request, identified by its token.")
class Viewer:
    """The principal of a request."""

    name: str = strawberry.field(
        description=(
            "The client's name, as in the gateway's log; `anybody` if the gateway requires no "
            "token."
        )
    )
    scopes: list[ViewerScope] = strawberry.field(description="The permissions of the client.")


def viewer_of(context: Context) -> Viewer:
    """Return the principal of a request, with the scopes that it is allowed."""
    allowed = filter(context.allows, Scope)
    return Viewer(name=context.principal.name, scopes=[ViewerScope(each.value) for each in allowed])
