"""The participants of sample operations: people, guests, phones, bots and call queues.

The phone numbers are in ranges that regulators reserve for fiction.
"""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID, uuid5

Participant = dict[str, Any]
"""A participant in GraphQL's field names."""

_IDS = UUID("0d2f4c1e-5b7a-5e36-8c4d-9a1b2c3d4e5f")
TENANT = str(uuid5(_IDS, "tenant"))

_STAFF = (
    ("Ada Brandt", "emea", "de-CH"),
    ("Adele Vance", "amer", "en-US"),
    ("Amara Okafor", "emea", "en-GB"),
    ("Anders Lindqvist", "emea", "sv-SE"),
    ("Beatriz Carvalho", "amer", "pt-BR"),
    ("Chen Wei", "apac", "zh-CN"),
    ("Diego Siciliani", "amer", "en-US"),
    ("Elif Şahin", "emea", "tr-TR"),
    ("Farah Haddad", "emea", "fr-FR"),
    ("Grace Kim", "apac", "ko-KR"),
    ("Heidi Steen", "emea", "de-DE"),
    ("Ingrid Solberg", "emea", "nb-NO"),
    ("Jonas Weber", "emea", "de-DE"),
    ("Kenji Sato", "apac", "ja-JP"),
    ("Lidia Holloway", "amer", "en-US"),
    ("Mariana Torres", "amer", "es-MX"),
    ("Nestor Wilke", "amer", "en-US"),
    ("Oluwaseun Adeyemi", "emea", "en-GB"),
    ("Priya Raghunathan", "apac", "en-IN"),
    ("Quentin Lefèvre", "emea", "fr-FR"),
    ("Rosa Giordano", "emea", "it-IT"),
    ("Siobhán O'Brien", "emea", "en-IE"),
    ("Tomáš Novák", "emea", "cs-CZ"),
    ("Vikram Mehta", "apac", "en-IN"),
    ("Wanjiru Kamau", "emea", "en-GB"),
    ("Ximena Fuentes", "amer", "es-CL"),
    ("Yara Cohen", "emea", "he-IL"),
    ("Zoë de Vries", "emea", "nl-NL"),
)
_GUESTS = (
    "Alex Wilber (Fabrikam)",
    "Bianca Pisani (Tailwind Traders)",
    "Emily Braun (Northwind)",
    "Isaiah Langer (Fabrikam)",
    "Megan Bowen (Contoso Bank)",
    "Raul Razo (Northwind)",
)
_BOTS = ("Compliance Recorder", "Incident Bot", "Live Captions", "Meeting Notes", "Voicemail Bot")
_QUEUES = ("Billing Queue", "Reception", "Support Hotline")
_NUMBERS = (("+12025550", 100, 199), ("+441632960", 0, 999), ("+3319900", 0, 9_999))
"""The beginnings of the numbers, and the first and the last of those that may follow."""


def participant(random: Random) -> Participant:
    """Choose a participant: mostly staff, sometimes a phone, a guest, a bot or a queue."""
    (choose,) = random.choices(list(_KINDS), weights=list(_KINDS.values()))
    return choose(random)


def phone_of(invited: Participant) -> str | None:
    """Return the number of a participant who is called by phone."""
    number: str | None = invited["identity"].get("phone", {}).get("id")
    return number


def _employee(random: Random) -> Participant:
    name, region, language = random.choice(_STAFF)
    tenant = {"additionalProperties": {"tenantId": TENANT}}
    return {
        "identity": {"user": {**_identity(name), **tenant}},
        "region": region,
        "languageId": language,
    }


def _phone(random: Random) -> Participant:
    start, first, last = random.choice(_NUMBERS)
    end = str(random.randint(first, last)).zfill(len(str(last)))
    return {"identity": {"phone": {"id": start + end}}}


def _guest(random: Random) -> Participant:
    return {"identity": {"guest": _identity(random.choice(_GUESTS))}}


def _bot(random: Random) -> Participant:
    return {"identity": {"application": _identity(random.choice(_BOTS))}, "hidden": True}


def _queue(random: Random) -> Participant:
    return {"identity": {"applicationInstance": _identity(random.choice(_QUEUES))}}


def _identity(name: str) -> dict[str, str]:
    return {"id": str(uuid5(_IDS, name)), "displayName": name}


_KINDS: dict[Callable[[Random], Participant], int] = {
    _employee: 62,
    _phone: 20,
    _guest: 9,
    _bot: 6,
    _queue: 3,
}
"""How often each kind is chosen."""
