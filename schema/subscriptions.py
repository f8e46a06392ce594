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


@strawberry.type(description="The subscriptions.")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        description=(
            "The changes to operations, in order, each as soon as it is made. To keep a copy of a "
            "list up to date, read the list with its `changeCursor`, then subscribe after that; "
            "when disconnected, subscribe again after the last `cursor` received. No change is "
            "missed or sent twice. An error with the code `CURSOR_EXPIRED` means that some of the "
            "changes are no longer stored: read the list again."
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
                    "Start after this position in the change log: the `cursor` of a change, the "
                    "`endCursor` of a page of changes, or the `changeCursor` of a list. If omitted "
                    "or null, start with the next change."
                )
            ),
        ] = UNSET,
        filter: Annotated[
            InviteParticipantsOperationFilter | None,
            strawberry.argument(
                description=(
                    "The changes to include: those whose operation matches before or after the "
                    "change. If omitted or null, all."
                )
            ),
        ] = UNSET,
        kinds: Annotated[
            list[ChangeKind] | None,
            strawberry.argument(
                description=(
                    "The kinds of changes to include. If omitted or null, all; an empty list "
                    "includes none."
                )
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
            "The operation with this id: its current state at once, then its state after each "
            "change, also after it has ended. When it is deleted, or if there is none, null is "
            "sent and the subscription ends."
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
