"""What changed, in an answer: readers' own time zones, and nothing foreign comes to life."""

from datetime import UTC, datetime

from bot.diagnosis.causes import Cause
from bot.history import Change
from bot.texts import LANGS
from handlers.answers.news import news, news_block

SINCE = datetime(2026, 11, 23, 10, 2, tzinfo=UTC)
UNTIL = datetime(2026, 11, 22, 10, 2, tzinfo=UTC)


def test_moments_are_the_readers_own() -> None:
    """Slack writes them in each reader's zone, with UTC where it cannot."""
    change = Change("broke", SINCE, UNTIL, Cause.MISSING_INTERMEDIATE)
    for lang in LANGS:
        (line,) = news((change,), lang)
        assert f"<!date^{int(SINCE.timestamp())}^" in line
        assert "|2026-11-22 10:02 UTC>" in line


def test_names_from_certificates_are_inert() -> None:
    """A CA may be called anything."""
    changes = (
        Change("new_certificate", SINCE, UNTIL, same_key=True, issuer="<!channel> *x* _y_"),
        Change(
            "intermediate_dropped", SINCE, UNTIL, names=("<https://evil.example|ok>", "b" * 500)
        ),
    )
    for lang in LANGS:
        block = news_block(changes, lang)
        assert block is not None
        text = block["elements"][0]["text"]
        assert "<!channel>" not in text
        assert "<https" not in text
        assert "*x*" not in text
        assert len(text) <= 3000


def test_nothing_new_takes_no_room() -> None:
    """No change, no line."""
    assert news_block((), "en") is None
