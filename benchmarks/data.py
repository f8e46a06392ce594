"""The operations that every server of the benchmark holds, the same at every run."""

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

STATUSES = ("NotStarted", "Running", "Completed", "Failed")
_WEIGHTS = (10, 20, 60, 10)
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"

OPERATIONS_PER_HOST = 100
"""Each operation invites one of the hosts, so that a filter on a host and a status fills a page."""


def operation_id(number: int) -> str:
    """Return the id of the operation with this number; ``common.lua`` does the same."""
    return f"{number * 2_654_435_761 % 2**32:08x}-894c-409a-b240-{number:012x}"


def host_id(number: int) -> str:
    """Return the user id of a host; ``common.lua`` does the same."""
    return f"host-{number:06d}"


def hosts(count: int) -> int:
    """Return how many hosts share ``count`` operations."""
    return max(1, count // OPERATIONS_PER_HOST)


def operations(count: int) -> Iterator[dict[str, Any]]:
    """Make operations in the gateway's own form, the oldest first."""
    chance = random.Random(count)  # noqa: S311  the same data each time, not a secret
    for number in range(count):
        yield _operation(number, count, chance)


def _operation(number: int, count: int, chance: random.Random) -> dict[str, Any]:
    status = chance.choices(STATUSES, _WEIGHTS)[0]
    created = _BEGIN + timedelta(seconds=number, microseconds=chance.randrange(1_000_000))
    operation: dict[str, Any] = {
        "id": operation_id(number),
        "callId": f"call-{chance.randrange(max(1, count // 4)):08x}",
        "clientContext": f"invitation {number}",
        "status": status,
        "participants": _participants(number, count, chance),
        "version": 1,
        "createdAt": _time(created),
        "updatedAt": _time(created),
    }
    if status == "Completed":
        operation["resultInfo"] = {"code": 200, "subcode": 0, "message": "Invited."}
    elif status == "Failed":
        operation["resultInfo"] = {"code": 486, "subcode": 8508, "message": "The callee is busy."}
    if number % 10 == 0:
        operation["additionalProperties"] = {"source": "calendar", "attempt": number % 3}
    return operation


def _participants(number: int, count: int, chance: random.Random) -> list[dict[str, Any]]:
    host = chance.randrange(hosts(count))
    guest = chance.randrange(count)
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
            "identity": {"phone": {"id": f"+1206{chance.randrange(10_000_000):07d}"}},
            "removeFromDefaultAudioRoutingGroup": False,
        },
    ]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def main() -> None:
    """Write as many operations as the first argument says to standard output, one a line."""
    for operation in operations(int(sys.argv[1])):
        sys.stdout.write(json.dumps(operation, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
