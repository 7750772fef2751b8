"""Moments: the reader's own time with UTC beside it."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from bot.texts.moment import local_zone, moment_text, zone_named

MOMENT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2026-11-22 21:30 UTC"),
        ("Asia/Tokyo", "2026-11-23 06:30 JST / 2026-11-22 21:30 UTC"),
        ("Europe/Berlin", "2026-11-22 22:30 CET / 21:30 UTC"),
        ("America/Sao_Paulo", "2026-11-22 18:30 UTC-3 / 21:30 UTC"),
        ("Asia/Kathmandu", "2026-11-23 03:15 UTC+5:45 / 2026-11-22 21:30 UTC"),
    ],
)
def test_own_time_and_utc(zone: str, text: str) -> None:
    """The date of UTC stands there too where it is another one."""
    assert moment_text(MOMENT, ZoneInfo(zone)) == text


def test_the_ends_of_time() -> None:
    """What a zone cannot hold stays in UTC."""
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    assert moment_text(last, timezone(timedelta(hours=9))) == "9999-12-31 23:59 UTC"


@pytest.mark.parametrize("name", [None, "", "No/Where", "../../etc/passwd", "x" * 300, "Asia/\0"])
def test_a_zone_that_does_not_exist(name: str | None) -> None:
    """Names come from Slack and the environment: anything may stand there."""
    assert zone_named(name) is None


def test_the_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """TZ decides where it is set."""
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert local_zone() == ZoneInfo("Asia/Tokyo")
    monkeypatch.setenv("TZ", "nonsense")
    assert moment_text(MOMENT, local_zone())
