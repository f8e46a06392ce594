"""The operations in the databases of all servers, the same in every run."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

_STATUSES = ("NotStarted", "Running", "Completed", "Failed")
_WEIGHTS = (10, 20, 60, 10)
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"

OPERATIONS_PER_HOST = 100
"""Operations with the same user among their participants, so that a filter on it fills a page."""


def operation_id(number: int) -> str:
    """Return the id of the operation with this number; ``common.lua`` does the same."""
    return f"{number * 2_654_435_761 % 2**32:08x}-894c-409a-b240-{number:012x}"


def host_id(number: int) -> str:
    """Return the user id of a host; ``common.lua`` does the same."""
    return f"host-{number:06d}"


def hosts(count: int) -> int:
    """Return the number of hosts among ``count`` operations."""
    return max(1, count // OPERATIONS_PER_HOST)


def operations(count: int) -> Iterator[dict[str, Any]]:
    """Generate operations in the gateway's import format, the oldest first."""
    rng = random.Random(count)  # noqa: S311  reproducible data, not a secret
    for number in range(count):
        yield _operation(number, count, rng)


def _operation(number: int, count: int, rng: random.Random) -> dict[str, Any]:
    status = rng.choices(_STATUSES, _WEIGHTS)[0]
    created = _BEGIN + timedelta(seconds=number, microseconds=rng.randrange(1_000_000))
    operation: dict[str, Any] = {
        "id": operation_id(number),
        "callId": f"call-{rng.randrange(max(1, count // 4)):08x}",
        "clientContext": f"invitation {number}",
        "status": status,
        "participants": _participants(number, count, rng),
        "version": 1,
        "createdAt": iso_time(created),
        "updatedAt": iso_time(created),
    }
    if status == "Completed":
        operation["resultInfo"] = {"code": 200, "subcode": 0, "message": "Invited."}
    elif status == "Failed":
        operation["resultInfo"] = {"code": 486, "subcode": 8508, "message": "The callee is busy."}
    if number % 10 == 0:
        operation["additionalProperties"] = {"source": "calendar", "attempt": number % 3}
    return operation


def _participants(number: int, count: int, rng: random.Random) -> list[dict[str, Any]]:
    host = rng.randrange(hosts(count))
    guest = rng.randrange(count)
    user = {"id": host_id(host), "displayName": f"Host {host}"}
    return [
        {
            "identity": {"user": {**user, "additionalProperties": {"tenantId": _TENANT}}},
            "region": "amer",
            "languageId": "en-US",
            "participantId": f"participant-{number}-0",
        },
        {
            "identity": {"user": {"id": f"user-{guest:08x}", "displayName": f"Zoë Guest {guest}"}},
            "languageId": "en-GB",
            "hidden": bool(number % 2),
        },
        {
            "identity": {"phone": {"id": f"+1206{rng.randrange(10_000_000):07d}"}},
            "removeFromDefaultAudioRoutingGroup": False,
        },
    ]


def iso_time(moment: datetime) -> str:
    """Return a time in UTC in the form of GraphQL's ``DateTime``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
