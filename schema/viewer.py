"""``viewer``: the client that asks."""

from enum import Enum

import strawberry

from schema.context import Context, Scope


@strawberry.enum(description="What a client may do with the API.")
class ViewerScope(Enum):
    """The scopes of ``schema.context``."""

    READ = strawberry.enum_value(
        Scope.READ.value, description="Read operations, and follow their changes."
    )
    WRITE = strawberry.enum_value(
        Scope.WRITE.value, description="Create, change and delete operations."
    )
    INTROSPECTION = strawberry.enum_value(Scope.INTROSPECTION.value, description="Read the schema.")


@strawberry.type(description="The client that asks, by the token it sent.")
class Viewer:
    """The principal of a request."""

    name: str = strawberry.field(
        description=(
            "The client's name, as the gateway's log has it; `anybody` when the gateway asks for "
            "no token."
        )
    )
    scopes: list[ViewerScope] = strawberry.field(description="All that the client may do.")


def viewer_of(context: Context) -> Viewer:
    """Return the principal of a request, with the scopes that it is allowed."""
    allowed = filter(context.allows, Scope)
    return Viewer(name=context.principal.name, scopes=[ViewerScope(each.value) for each in allowed])
