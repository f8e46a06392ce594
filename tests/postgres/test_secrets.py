"""The password in a database's URL is never shown."""

import asyncio
import re
from pathlib import Path

import pytest
from support.engines import PostgresServer
from support.gateways import Command

from gateway.settings import Settings
from gateway.store.opening import database_of
from schema.errors import Overloaded

SECRET = "correct-horse"  # noqa: S105  the test's own
URL = f"postgresql://gateway:{SECRET}@127.0.0.1:1/operations?password={SECRET}"


def test_settings_and_database_are_shown_without_the_password() -> None:
    settings = Settings(database=URL, read_database=(URL,))
    database = database_of(settings)

    assert database.name == "postgresql://gateway@127.0.0.1:1/operations"
    assert SECRET not in f"{settings!r} {settings} {database!r} {database}"


@pytest.mark.parametrize(
    "arguments", [["serve", "--port", "0"], ["db", "check"], ["db", "upgrade"], ["export", "-"]]
)
def test_failed_connection_is_reported_without_the_password(
    run_in_process: Command, arguments: list[str]
) -> None:
    done = run_in_process(*arguments, "--database", URL)

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
def test_invalid_url_is_reported_without_the_password(run_in_process: Command, url: str) -> None:
    done = run_in_process("db", "check", "--database", url)

    assert done.returncode == 2
    assert "postgresql://user@host/name" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "password", ["cor@rect/horse", "correct?horse", "correct#horse", "1/horse"]
)
@pytest.mark.parametrize("option", ["--database", "--read-database"])
def test_password_with_special_characters_is_refused_without_a_part_of_it(
    run_in_process: Command, option: str, password: str
) -> None:
    url = f"postgresql://gateway:{password}@localhost/operations"
    databases = {"--database": "postgresql://localhost/operations", option: url}

    done = run_in_process("serve", *(word for pair in databases.items() for word in pair))

    assert done.returncode == 2
    assert "percent-encoded" in done.stderr
    assert not {"horse", "correct", "rect"} & set(re.findall(r"\w+", done.stdout + done.stderr))


@pytest.mark.parametrize("url", ["h:99999/o", "h:x/o", "[::1/o", "h/o?sslmode"])
def test_url_that_cannot_be_parsed_is_refused(run_in_process: Command, url: str) -> None:
    done = run_in_process("db", "check", "--database", f"postgresql://{url}")

    assert done.returncode == 2
    assert "The URL cannot be parsed." in done.stderr


@pytest.mark.parametrize(
    "option",
    ["sslmode=odd", "target_session_attrs=odd", "connect_timeout=3", "statement_timeout=x"],
)
def test_invalid_option_of_a_url_is_reported(
    run_in_process: Command, postgres: PostgresServer, option: str
) -> None:
    done = run_in_process("db", "check", "--database", f"{postgres.url('postgres')}&{option}")

    assert done.returncode == 2
    assert "its URL has an invalid option" in done.stderr


@pytest.mark.parametrize(
    ("database", "read", "message"),
    [
        (URL, f"mysql://gateway:{SECRET}@localhost/operations", "is a PostgreSQL database"),
        ("sqlite:///operations.db", URL, "Only PostgreSQL has standbys"),
    ],
)
def test_invalid_standby_is_reported_without_the_password(
    run_in_process: Command, database: str, read: str, message: str
) -> None:
    done = run_in_process("serve", "--database", database, "--read-database", read)

    assert done.returncode == 2
    assert message in done.stderr
    assert SECRET not in done.stdout + done.stderr


async def test_password_is_read_from_its_file_for_each_connection(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    database = database_of(
        Settings(database=postgres.new_database(), database_password_file=str(file))
    )
    await asyncio.to_thread(database.upgrade)
    file.unlink()

    async with database.open() as store:
        with pytest.raises(Overloaded):
            await store.get("none")
        file.write_text(SECRET)
        assert await store.get("none") is None


def test_password_file_that_is_not_there_is_named(run_in_process: Command, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    done = run_in_process(
        "db", "check", "--database", URL, INVITE_GATEWAY_DATABASE_PASSWORD_FILE=str(missing)
    )

    assert done.returncode == 2
    assert "INVITE_GATEWAY_DATABASE_PASSWORD_FILE" in done.stderr
    assert "cannot be read" in done.stderr
