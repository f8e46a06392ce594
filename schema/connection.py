"""The list of operations as a connection."""

from dataclasses import dataclass

import strawberry

from schema.context import Info
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import Order
from schema.paging import Page, PageInfo, Row, Slice, encode_cursor
from schema.resource.operation import InviteParticipantsOperation, StoredOperation


@dataclass(frozen=True)
class Listing:
    """What was asked for, and the page that was found."""

    where: InviteParticipantsOperationFilter | None
    order: Order
    part: Slice
    page: Page

    def cursor(self, index: int) -> str | None:
        """Return the cursor of the row at ``index``, or None on an empty page."""
        rows = self.page.rows
        return encode_cursor(self.order, rows[index].keys) if rows else None


@strawberry.type(description="An operation and its place in the list.")
class InviteParticipantsOperationEdge:
    """Relay's edge."""

    order: strawberry.Private[Order]
    row: strawberry.Private[Row]

    @strawberry.field(
        description="The operation's place in this order, for `after` and `before`. Opaque."
    )
    def cursor(self) -> str:
        return encode_cursor(self.order, self.row.keys)

    @strawberry.field(graphql_type=InviteParticipantsOperation, description="The operation.")
    def node(self) -> StoredOperation:
        return self.row.operation


@strawberry.type(description="One page of a list of operations.")
class InviteParticipantsOperationConnection:
    """Relay's connection; each field is worked out only when selected."""

    listing: strawberry.Private[Listing]

    @strawberry.field(description="The operations of the page with their cursors.")
    def edges(self) -> list[InviteParticipantsOperationEdge]:
        order = self.listing.order
        return [
            InviteParticipantsOperationEdge(order=order, row=row) for row in self.listing.page.rows
        ]

    @strawberry.field(
        graphql_type=list[InviteParticipantsOperation], description="The operations of the page."
    )
    def nodes(self) -> list[StoredOperation]:
        return [row.operation for row in self.listing.page.rows]

    @strawberry.field(description="Where the page lies in the list.")
    def page_info(self) -> PageInfo:
        part, more = self.listing.part, self.listing.page.more
        return PageInfo(
            has_next_page=part.before is not None if part.backward else more,
            has_previous_page=more if part.backward else part.after is not None or part.offset > 0,
            start_cursor=self.listing.cursor(0),
            end_cursor=self.listing.cursor(-1),
        )

    @strawberry.field(
        description="How many operations match the filter in all. Counted only when selected."
    )
    async def total_count(self, info: Info) -> int:
        return await info.context.store.count(self.listing.where)

    @strawberry.field(
        description=(
            "The place in the change log that this page stands at: all that is in it and nothing "
            "later. Given to `changes` as `after`, it yields what happened since."
        )
    )
    def change_cursor(self) -> str:
        return self.listing.page.position.cursor()
