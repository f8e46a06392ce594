"""Texts that are too long for an index: they are stored and found like others."""

import random
from collections.abc import AsyncIterator

import pytest

from gateway.store.interface import Database, Store
from schema.filters import InviteParticipantsOperationFilter as Filter
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.paging import Slice

pytestmark = pytest.mark.postgresql

CHANCE = random.Random(3)  # noqa: S311  no secret


def long_text() -> str:
    """Return an incompressible text of the maximum length."""
    return "".join(chr(CHANCE.randrange(0x10000, 0x2FFFF)) for _ in range(1_024))


LONG = long_text()
LIKE_IT = LONG[:-1] + "x"


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """An empty store."""
    async with database.open() as store:
        yield store


def new(id_: str, text: str) -> Create:
    """Return an operation with a text in every indexed field."""
    invited = [{"identity": {"user": {"id": text}, "phone": {"id": text}}}]
    return Create.model_validate(
        {"id": id_, "callId": text, "idempotencyKey": text, "participants": invited}
    )


@pytest.mark.parametrize(
    "compare",
    [
        lambda text: {"callId": {"eq": text}},
        lambda text: {"callId": {"in": [text, "none"]}},
        lambda text: {"participants": {"some": {"identity": {"user": {"id": {"eq": text}}}}}},
        lambda text: {"participants": {"some": {"identity": {"any": {"id": {"in": [text]}}}}}},
    ],
)
async def test_long_texts_are_found_by_themselves_alone(store: Store, compare: object) -> None:
    assert callable(compare)
    texts = {"long": LONG, "like it": LIKE_IT, "short": "x"}
    for id_, text in texts.items():
        await store.create(new(id_, text))
    again = await store.create(new("long", LONG))
    found = {
        id_: await store.page(Filter.model_validate(compare(text)), (), Slice(9))
        for id_, text in texts.items()
    }

    assert again.version == 1
    assert {id_: [each.id for each in page.operations] for id_, page in found.items()} == {
        id_: [id_] for id_ in texts
    }
