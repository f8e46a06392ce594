"""The password in a database's URL: it is shown nowhere."""

import pytest
from support.gateways import Command

from gateway.settings import Settings
from gateway.store.opening import database_of

SECRET = "correct-horse"  # noqa: S105  the test's own
URL = f"postgresql://gateway:{SECRET}@127.0.0.1:1/operations?password={SECRET}"


def test_settings_and_database_are_shown_without_the_password() -> None:
    settings = Settings(database=URL)
    database = database_of(settings)

    assert database.name == "postgresql://gateway@127.0.0.1:1/operations"
    assert SECRET not in f"{settings!r} {settings} {database!r} {database}"


@pytest.mark.parametrize(
    "arguments", [["serve", "--port", "0"], ["db", "check"], ["db", "upgrade"], ["export", "-"]]
)
def test_command_that_cannot_connect_says_so_without_the_password(
    here: Command, arguments: list[str]
) -> None:
    done = here(*arguments, "--database", URL)

    assert done.returncode == 2
    assert "postgresql://gateway@127.0.0.1:1/operations" in done.stderr
    assert "it cannot be reached" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://gateway:{SECRET}@localhost/operations",
        f"gateway:{SECRET}@localhost",
        f"postgresql+asyncpg://gateway:{SECRET}@localhost/operations",
    ],
)
def test_url_that_is_refused_is_told_without_the_password(here: Command, url: str) -> None:
    done = here("db", "check", "--database", url)

    assert done.returncode == 2
    assert "postgresql://user@host/name" in done.stderr
    assert SECRET not in done.stdout + done.stderr
