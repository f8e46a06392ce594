"""The subscriptions."""

from collections.abc import AsyncIterable
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.access import needs
from schema.arguments import unset_to_none
from schema.changes import Change, ChangeKind
from schema.context import Info, Scope
from schema.feeds import changes_feed, operation_feed
from schema.filters import InviteParticipantsOperationFilter
from schema.resource.operation import InviteParticipantsOperation, StoredOperation


@strawberry.type(description="What can be followed.")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        description=(
            "What happens to operations, each change as soon as it is made, in order. Read the "
            "list first, with its `changeCursor`, and begin here after it; when cut off, begin "
            "again after the `cursor` that came last: then no change is missed and none comes "
            "twice. An error with the code `CURSOR_EXPIRED` says that changes in between are no "
            "longer kept: read the list again."
        )
    )
    @needs(Scope.READ)
    async def changes(
        self,
        info: Info,
        after: Annotated[
            str | None,
            strawberry.argument(
                description=(
                    "Begin after this place in the change log: a change's `cursor`, a page's "
                    "`endCursor`, or the `changeCursor` of a list. Left out or null, begin now."
                )
            ),
        ] = UNSET,
        filter: Annotated[
            InviteParticipantsOperationFilter | None,
            strawberry.argument(
                description=(
                    "Which operations to follow: a change is given when the operation matches "
                    "before or after it. Left out or null, all."
                )
            ),
        ] = UNSET,
        kinds: Annotated[
            list[ChangeKind] | None,
            strawberry.argument(
                description="The kinds of changes to give: none when empty. Left out or null, all."
            ),
        ] = UNSET,
    ) -> AsyncIterable[Change]:
        context = info.context
        return await changes_feed(
            context.log,
            unset_to_none(after),
            filter or None,
            unset_to_none(kinds),
            resume_after=context.resume_after,
        )

    @strawberry.subscription(
        graphql_type=InviteParticipantsOperation | None,
        description=(
            "The operation with this id as it is, at once, and again after each change, also "
            "when it is completed or has failed. When it is deleted comes null, which is the end; "
            "when there is none, null comes at once."
        ),
    )
    @needs(Scope.READ)
    async def invite_participants_operation(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],
    ) -> AsyncIterable[StoredOperation | None]:
        context = info.context
        return await operation_feed(context.store, context.log, id, context.resume_after)
