"""The queries."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.access import needs
from schema.arguments import AfterChange, FirstChanges, unset_to_none
from schema.changes import ChangeConnection, change_slice
from schema.connection import InviteParticipantsOperationConnection, Listing
from schema.context import Info, Scope
from schema.errors import LimitExceeded
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.lookahead import LOOKS_AHEAD, selects
from schema.ordering import InviteParticipantsOperationOrder, sort_keys
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, page_size, slice_of
from schema.resource.operation import InviteParticipantsOperation, Node, StoredOperation
from schema.viewer import Viewer, viewer_of

Id = Annotated[strawberry.ID, strawberry.argument(description="The id.")]
Where = Annotated[
    InviteParticipantsOperationFilter | None,
    strawberry.argument(description="Which operations to take; left out or null, all."),
]


@strawberry.type(description="What can be read.")
class Query:
    """The root of queries."""

    @strawberry.field(
        graphql_type=Node | None,
        description="The thing with this id, of whatever type; null when there is none.",
    )
    @needs(Scope.READ)
    async def node(
        self,
        info: Info,
        id: Id,
    ) -> StoredOperation | None:
        return await info.context.store.get(id)

    @strawberry.field(
        graphql_type=list[Node | None],
        description="The things with these ids, in their order; null where there is none.",
    )
    @needs(Scope.READ)
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="The ids, at most 500.")
        ],
    ) -> list[StoredOperation | None]:
        if len(ids) > MAX_PAGE_SIZE:
            raise LimitExceeded(
                f"'ids' has {len(ids):,} ids, and the limit is {MAX_PAGE_SIZE}. Send several "
                "requests.",
                limit="ids",
                value=MAX_PAGE_SIZE,
                requested=len(ids),
            )
        return await info.context.store.get_many(ids)

    @strawberry.field(
        graphql_type=InviteParticipantsOperation | None,
        description="The operation with this id; null when there is none.",
    )
    @needs(Scope.READ)
    async def invite_participants_operation(
        self,
        info: Info,
        id: Id,
    ) -> StoredOperation | None:
        return await info.context.store.get(id)

    @strawberry.field(
        description=(
            "The operations that match, a page at a time, the newest first unless ordered "
            "otherwise. Page on with `first` and `after`, or from the end with `last` and `before`."
        )
    )
    @needs(Scope.READ)
    async def invite_participants_operations(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(
                description="How many to give from the start: 0 to 500, 50 when not given."
            ),
        ] = UNSET,
        after: Annotated[
            str | None,
            strawberry.argument(description="Begin after this cursor, made for the same order."),
        ] = UNSET,
        last: Annotated[
            int | None,
            strawberry.argument(
                description="How many to give from the end, 0 to 500. Not together with `first`."
            ),
        ] = UNSET,
        before: Annotated[
            str | None,
            strawberry.argument(description="End before this cursor, made for the same order."),
        ] = UNSET,
        offset: Annotated[
            int | None,
            strawberry.argument(
                description=(
                    "How many to skip first, for pages by number. It costs as much as reading "
                    "them; a cursor costs nothing."
                )
            ),
        ] = UNSET,
        filter: Where = UNSET,
        order_by: Annotated[
            list[InviteParticipantsOperationOrder] | None,
            strawberry.argument(
                description=(
                    "What to sort by, the most significant first, at most 8 keys. Left out, null "
                    "or empty: the newest first."
                )
            ),
        ] = UNSET,
    ) -> InviteParticipantsOperationConnection:
        where = filter or None
        order = sort_keys(order_by or None)
        part = slice_of(
            order,
            first=unset_to_none(first),
            after=unset_to_none(after),
            last=unset_to_none(last),
            before=unset_to_none(before),
            offset=unset_to_none(offset),
        )
        page = await info.context.store.page(where, order, part)
        return InviteParticipantsOperationConnection(listing=Listing(where, order, part, page))

    @strawberry.field(
        description="How many operations match, by what they have in common: the largest first.",
        metadata=LOOKS_AHEAD,
    )
    @needs(Scope.READ)
    async def invite_participants_operation_groups(
        self,
        info: Info,
        by: Annotated[
            list[GroupKey],
            strawberry.argument(description="The keys to group by; none gives one group of all."),
        ],
        filter: Where = UNSET,
        first: Annotated[
            int | None,
            strawberry.argument(
                description="How many groups to give: 0 to 500, 50 when not given."
            ),
        ] = UNSET,
    ) -> list[InviteParticipantsOperationGroup]:
        limit = page_size("first", DEFAULT_PAGE_SIZE if (n := unset_to_none(first)) is None else n)
        return await info.context.store.groups(
            by, filter or None, limit, with_duration=selects(info, "duration")
        )

    @strawberry.field(
        description=(
            "What happened to operations since a place in the change log, in order: created, "
            "changed and deleted, a page at a time. Read the list first, with its `changeCursor`, "
            "and go on here from there, then from each `endCursor`: so a copy of the list stays "
            "true. An error with the code `CURSOR_EXPIRED` says that changes in between are no "
            "longer kept: read the list again."
        )
    )
    @needs(Scope.READ)
    async def changes(
        self,
        info: Info,
        first: FirstChanges = UNSET,
        after: AfterChange = UNSET,
        filter: Annotated[
            InviteParticipantsOperationFilter | None,
            strawberry.argument(
                description=(
                    "Which operations to follow: a change is given when the operation matches "
                    "before or after it. Left out or null, all. When few match, a page may hold "
                    "fewer than `first` and say that there is more."
                )
            ),
        ] = UNSET,
    ) -> ChangeConnection:
        part = change_slice(unset_to_none(first), unset_to_none(after))
        page = await info.context.log.changes(filter or None, part)
        return ChangeConnection(part=part, page=page)

    @strawberry.field(description="Who asks, and what that client may do.")
    async def viewer(self, info: Info) -> Viewer:
        return viewer_of(info.context)
