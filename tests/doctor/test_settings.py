"""The settings: all that are wrong are named, misspelt names are, and no value is shown."""

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.doctor import Finding
from bot.doctor.settings import look_at_settings
from bot.settings import survey_settings
from tests.doctor.findings import marks, the


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("TLSCHECK_", "SLACK_", "REDIS_", "PORT")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def look() -> tuple[Finding, ...]:
    """Look at this process's settings."""
    _, slips = survey_settings()
    try:
        dotenv = dotenv_values(".env")
    except UnicodeDecodeError:
        dotenv = {}
    return look_at_settings(slips, os.environ, dotenv, Path.cwd())


def test_every_wrong_setting_is_named_and_the_others_still_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not only the first; in the place of a wrong one stands its default."""
    wrong = {
        "PORT": "http",
        "TLSCHECK_LANG": "de",
        "TLSCHECK_ALLOW_NETWORKS": "everything",
        "TLSCHECK_EXTRA_ROOTS": "/nowhere/roots.pem",
        "TLSCHECK_CHANNELS": "general",
        "TLSCHECK_OTHER_WORKSPACES": "perhaps",
        "TLSCHECK_WORKER_KEY": "hunter2",
        "HTTPS_PROXY": "socks5://user:hunter2@proxy",
        "SLACK_BOT_TOKEN_FILE": str(tmp_path / "none"),
    }
    for name, value in {**wrong, "TLSCHECK_CACHE_SECONDS": "60"}.items():
        monkeypatch.setenv(name, value)
    found = look()
    assert {one.values["name"] for one in found if one.mark == "wrong"} == wrong.keys()
    assert the(found, "choice").values["expected"] == "'en' or 'ja'"
    assert the(found, "short").values["least"] == 16
    assert "hunter2" not in repr(found)
    settings, slips = survey_settings()
    assert (settings.port, settings.tlscheck_cache_seconds, len(slips)) == (3000, 60, len(wrong))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("TLSCHECK_RATE_PERSN", "TLSCHECK_RATE_PERSON"),
        ("TLSCHECK_ALLOWED_NETWORKS", "TLSCHECK_ALLOW_NETWORKS"),
        ("SLACK_BOT_TOKE", "SLACK_BOT_TOKEN"),
        ("REDIS_URI", "REDIS_URL"),
        ("tlscheck_rate_persn", "TLSCHECK_RATE_PERSON"),
    ],
)
def test_a_misspelt_name_is_told_from_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, near: str
) -> None:
    """It would have no effect, and nobody would notice."""
    monkeypatch.setenv(name, "1")
    assert the(look(), "misspelt").values == {"name": name.upper(), "near": near}


def test_names_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what begins like ours is called a stranger."""
    monkeypatch.setenv("SLACK_WEBHOOK_OF_SOMEBODY", "1")
    monkeypatch.setenv("TLSCHECK_SOMETHING_ELSE_AGAIN", "1")
    monkeypatch.setenv("TLSCHECK_WORKER_KEY_FILE", __file__)
    assert marks(look()) == {"read": "fine", "stranger": "note"}


def test_a_file_of_settings_counts(tmp_path: Path) -> None:
    """`.env` is named; one that cannot be read is a slip of its own."""
    (tmp_path / ".env").write_text("PORT=4000\nTLSCHECK_LNG=ja\n")
    found = look()
    assert the(found, "read_with_file").values["names"] == "PORT"
    assert the(found, "misspelt").values["near"] == "TLSCHECK_LANG"
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    assert the(look(), "unreadable").values["name"] == ".env"


def test_nothing_set_is_said() -> None:
    """The doctor may run in the wrong folder, or as the wrong user."""
    assert marks(look()) == {"none": "note"}
