"""Settings of notifications that cannot be meant are refused at the start."""

from pathlib import Path

import pytest
from support.gateways import Command


@pytest.mark.parametrize("url", ["bot.example.com", "ftp://bot", "http://["])
def test_forwarding_to_nowhere_is_refused(here: Command, url: str) -> None:
    done = here("serve", "--forward", url)

    assert done.returncode == 2
    assert "--forward" in done.stderr


def test_forwarding_where_no_notifications_are_taken_is_refused(
    here: Command, tmp_path: Path
) -> None:
    (tmp_path / "tokens.json").write_text('{"tokens": []}')
    done = here("serve", "--auth", "tokens", "--forward", "https://bot.example.com")

    assert done.returncode == 2
    assert "--graph-app-id" in done.stderr


def test_keys_from_an_insecure_place_are_refused(here: Command) -> None:
    place = ("--graph-openid-configuration", "http://keys.example.com/configuration")
    done = here("serve", "--graph-app-id", "app", *place)

    assert done.returncode == 2
    assert "https://" in done.stderr
