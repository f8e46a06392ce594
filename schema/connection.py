"""The list of operations as a connection."""

from collections.abc import Sequence
from dataclasses import dataclass

import strawberry

from schema.context import Info
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import Order
from schema.paging import Keys, Page, PageInfo, Slice, encode_cursor
from schema.resource.operation import InviteParticipantsOperation, StoredOperation


@dataclass(frozen=True)
class Listing:
    """The arguments of a list, and its page."""

    where: InviteParticipantsOperationFilter | None
    order: Order
    part: Slice
    page: Page

    def cursor(self, index: int) -> str | None:
        """Return the cursor of the row at ``index``, or None on an empty page."""
        keys = self.page.keys
        return encode_cursor(self.order, keys[index]) if keys else None


@strawberry.type(description="An operation and its cursor.")
class InviteParticipantsOperationEdge:
    """Relay's edge."""

    order: strawberry.Private[Order]
    keys: strawberry.Private[Keys]
    operation: strawberry.Private[StoredOperation]

    @strawberry.field(
        description=(
            "The operation's position in this order, for the arguments `after` and `before`. "
            "Opaque."
        )
    )
    def cursor(self) -> str:
        return encode_cursor(self.order, self.keys)

    @strawberry.field(graphql_type=InviteParticipantsOperation, description="The operation.")
    def node(self) -> StoredOperation:
        return self.operation


@strawberry.type(description="A page of a list of operations.")
class InviteParticipantsOperationConnection:
    """Relay's connection; each field is computed only if selected."""

    listing: strawberry.Private[Listing]

    @strawberry.field(description="The operations of the page, with their cursors.")
    def edges(self) -> list[InviteParticipantsOperationEdge]:
        order, page = self.listing.order, self.listing.page
        return [
            InviteParticipantsOperationEdge(order=order, keys=keys, operation=operation)
            for keys, operation in zip(page.keys, page.operations, strict=True)
        ]

    @strawberry.field(
        graphql_type=list[InviteParticipantsOperation], description="The operations of the page."
    )
    def nodes(self) -> Sequence[StoredOperation]:
        return self.listing.page.operations

    @strawberry.field(description="Information about the page.")
    def page_info(self) -> PageInfo:
        part, more = self.listing.part, self.listing.page.more
        return PageInfo(
            has_next_page=part.before is not None if part.backward else more,
            has_previous_page=more if part.backward else part.after is not None or part.offset > 0,
            start_cursor=self.listing.cursor(0),
            end_cursor=self.listing.cursor(-1),
        )

    @strawberry.field(
        description=(
            "The number of operations that match the filter, on all pages. Computed only if "
            "selected."
        )
    )
    async def total_count(self, info: Info) -> int:
        return await info.context.store.count(self.listing.where)

    @strawberry.field(
        description=(
            "The position in the change log at which the page was read: it includes all changes up "
            "to there, and none after. Give it to `changes` as `after` to get the changes made "
            "since."
        )
    )
    def change_cursor(self) -> str:
        return self.listing.page.position.cursor()
