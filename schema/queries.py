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
from schema.lookahead import LOOKS_AHEAD, operation_fields, selects
from schema.ordering import InviteParticipantsOperationOrder, sort_keys
from schema.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, empty_page, page_size, slice_of
from schema.resource.operation import InviteParticipantsOperation, Node, StoredOperation
from schema.viewer import Viewer, viewer_of

Id = Annotated[strawberry.ID, strawberry.argument(description="The id.")]
Where = Annotated[
    InviteParticipantsOperationFilter | None,
    strawberry.argument(description="The operations to include. If omitted or null, all."),
]


@strawberry.type(description="The queries.")
class Query:
    """The root of queries."""

    @strawberry.field(
        graphql_type=Node | None,
        description="The object with this id; null if there is none.",
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
        description=(
            "The objects with these ids, in the same order; null in place of each that does not "
            "exist."
        ),
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
        description="The operation with this id; null if there is none.",
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
            "A list of operations, newest first by default, page by page: from its start with "
            "`first` and `after`, or from its end with `last` and `before`."
        ),
        metadata=LOOKS_AHEAD,
    )
    @needs(Scope.READ)
    async def invite_participants_operations(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(
                description="How many to return from the start: 0 to 500, 50 by default."
            ),
        ] = UNSET,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="Start after this cursor, which must be of the same order."
            ),
        ] = UNSET,
        last: Annotated[
            int | None,
            strawberry.argument(
                description="How many to return from the end: 0 to 500. Not together with `first`."
            ),
        ] = UNSET,
        before: Annotated[
            str | None,
            strawberry.argument(
                description="End before this cursor, which must be of the same order."
            ),
        ] = UNSET,
        offset: Annotated[
            int | None,
            strawberry.argument(
                description=(
                    "How many to skip at the start, for numbered pages. Skipping costs as much as "
                    "reading; a cursor costs nothing."
                )
            ),
        ] = UNSET,
        filter: Where = UNSET,
        order_by: Annotated[
            list[InviteParticipantsOperationOrder] | None,
            strawberry.argument(
                description=(
                    "The sort keys, the most significant first; at most 8. If omitted, null or "
                    "empty, newest first."
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
        if selects(info, "nodes", "edges", "pageInfo"):
            page = await info.context.store.page(where, order, part, operation_fields(info))
        else:
            page = empty_page(await info.context.log.position())
        return InviteParticipantsOperationConnection(listing=Listing(where, order, part, page))

    @strawberry.field(
        description=(
            "The numbers of operations with equal values of the given keys, the largest group "
            "first."
        ),
        metadata=LOOKS_AHEAD,
    )
    @needs(Scope.READ)
    async def invite_participants_operation_groups(
        self,
        info: Info,
        by: Annotated[
            list[GroupKey],
            strawberry.argument(
                description="The keys to group by. An empty list makes one group of all operations."
            ),
        ],
        filter: Where = UNSET,
        first: Annotated[
            int | None,
            strawberry.argument(description="How many groups to return: 0 to 500, 50 by default."),
        ] = UNSET,
    ) -> list[InviteParticipantsOperationGroup]:
        limit = page_size("first", DEFAULT_PAGE_SIZE if (n := unset_to_none(first)) is None else n)
        return await info.context.store.groups(
            by, filter or None, limit, with_duration=selects(info, "duration")
        )

    @strawberry.field(
        description=(
            "The changes to operations after a position in the change log, oldest first, page by "
            "page. To keep a copy of a list up to date, read the list with its `changeCursor`, "
            "then the changes after that, and continue after each `endCursor`. An error with the "
            "code `CURSOR_EXPIRED` means that some of the changes are no longer stored: read the "
            "list again."
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
                    "The changes to include: those whose operation matches before or after the "
                    "change. If omitted or null, all. If few match, a page may have fewer than "
                    "`first` changes although `hasNextPage` is true."
                )
            ),
        ] = UNSET,
    ) -> ChangeConnection:
        part = change_slice(unset_to_none(first), unset_to_none(after))
        page = await info.context.log.changes(filter or None, part)
        return ChangeConnection(part=part, page=page)

    @strawberry.field(description="The client that sent the request, and its permissions.")
    async def viewer(self, info: Info) -> Viewer:
        return viewer_of(info.context)
