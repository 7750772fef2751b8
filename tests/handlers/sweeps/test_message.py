"""The message and the window of a sweep at their largest, and whatever stands in a list."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.slack.validation import examine_message, examine_view
from bot.diagnosis.causes import Cause
from bot.render.charts import sweep_picture
from bot.sweep import Row, Tally
from bot.sweep.job import Sweep
from bot.sweep.progress import Progress
from bot.texts import LANGS, Lang
from handlers.slack import limits
from handlers.sweeps.listed import LISTED, PAGE, list_view
from handlers.sweeps.message import sweep_message
from handlers.sweeps.press import SweepPress

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LONG = "xn--" + ".".join(["a" * 60] * 4)
EVIL = "<!channel> *x* `y` :boom: & </script>"


def sweep(lang: Lang, title: str = "hosts.csv") -> Sweep:
    """A sweep of 100 000 hosts."""
    return Sweep(
        id="0123456789abcdef",
        title=title,
        count=100_000,
        vantage="prod-tokyo",
        lang=lang,
        user="U0AIKO",
        channel="C0ALERTS",
        ts="1.000001",
        asked_at=NOW,
    )


def largest() -> Tally:
    """Every cause there is, long names everywhere, 100 000 results."""
    tally = Tally()
    verdicts = ("broken", "unreachable", "warning")
    for at, cause in enumerate(Cause):
        for number in range(4):
            row = Row(
                host=f"{number}.{LONG}"[:253],
                port=65535,
                starttls="postgres",
                verdict=verdicts[at % 3],
                cause=cause,
                issuer=EVIL * 5 + str(at),
                not_after=NOW + timedelta(days=at * 3 - 5),
            )
            tally.add(row, NOW)
    tally.causes = Counter({cause: 2_345 + at for at, cause in enumerate(Cause)})
    tally.verdicts["ok"] += 100_000 - tally.total
    return tally


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("state", ["waiting", "running", "stopped", "done"])
def test_the_largest_sweep_fits(lang: Lang, state: str) -> None:
    """In every state, in both languages: what Slack takes, and no mention comes to life."""
    progress = Progress(
        state=state,  # type: ignore[arg-type] # parametrized
        total=100_000,
        tally=largest(),
        now=NOW,
        by="U0BEN",
        rate=1234.5,
        left_seconds=3600.0,
        workers=40,
        places=tuple(f"place-{number}" + "x" * 50 for number in range(40)),
    )
    for one in (progress, replace(progress, reason="nobody", by="")):
        message = sweep_message(sweep(lang, EVIL * 4), one, before=7)
        assert message.size() <= limits.MESSAGE_CHARACTERS
        body = {"text": message.text, "blocks": list(message.blocks)}
        assert examine_message(body) is None
        marked = [one["text"]["text"] for one in message.blocks if one["type"] == "section"]
        assert not any("<!" in one for one in (message.text, *marked))


@pytest.mark.parametrize("lang", LANGS)
def test_the_list_of_hosts_fits_on_every_page(lang: Lang) -> None:
    """Pages are bounded, and so is their number; the last one is shown for any beyond it."""
    rows = [
        Row(f"h{at}.{LONG}"[:253], 443, "", "broken", "missing_intermediate", EVIL, NOW)
        for at in range(LISTED + 500)
    ]
    press = SweepPress(sweep="0123456789abcdef", lang=lang, what="broken", page=9_999)
    view = list_view(rows, press)
    assert examine_view(view) is None
    hosts = [one for one in view["blocks"] if one["type"] == "section"]
    assert len(hosts) == PAGE
    assert f"h{LISTED - 1}." in hosts[-1]["text"]["text"]
    empty = list_view([], press)
    assert examine_view(empty) is None


@pytest.mark.parametrize("lang", LANGS)
def test_the_chart_says_the_same_in_words(lang: Lang) -> None:
    """Its alternative text has the numbers, within Slack's bound; a sweep of nothing is drawn, too."""
    picture = sweep_picture(largest(), EVIL, NOW, lang)
    assert picture.png.startswith(b"\x89PNG")
    assert len(picture.alt) <= 1000
    assert "100,000" in picture.alt
    assert sweep_picture(Tally(), "", NOW, lang).png.startswith(b"\x89PNG")
