"""Contradictory settings of notifications are refused at startup."""

from pathlib import Path

import pytest
from support.gateways import Command


@pytest.mark.parametrize("url", ["bot.example.com", "ftp://bot", "http://["])
def test_forwarding_to_an_invalid_url_is_refused(run_in_process: Command, url: str) -> None:
    done = run_in_process("serve", "--forward", url)

    assert done.returncode == 2
    assert "--forward" in done.stderr


def test_forwarding_without_notifications_is_refused(
    run_in_process: Command, tmp_path: Path
) -> None:
    (tmp_path / "tokens.json").write_text('{"tokens": []}')
    done = run_in_process("serve", "--auth", "tokens", "--forward", "https://bot.example.com")

    assert done.returncode == 2
    assert "--graph-app-id" in done.stderr


def test_keys_from_an_insecure_place_are_refused(run_in_process: Command) -> None:
    place = ("--graph-openid-configuration", "http://keys.example.com/configuration")
    done = run_in_process("serve", "--graph-app-id", "app", *place)

    assert done.returncode == 2
    assert "https://" in done.stderr
