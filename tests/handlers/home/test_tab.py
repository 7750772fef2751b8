"""The Home tab as people use it: opened, checked from, changed; each sees their own."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.slack.manifest import declared
from bot.demo.slack.values import View
from bot.demo.slack.workspace import AIKO, BEN
from bot.diagnosis.causes import Cause
from bot.store.recent import Checked
from bot.texts.catalogue import LANGS, Lang
from bot.watch import Asked, begin
from handlers.asking.press import DETAILS, SHARE
from handlers.home.tab import (
    AGAIN,
    AUTOMATIC,
    CHECK_TYPED,
    CHOOSE,
    HOST,
    STOP,
    Expiring,
    Known,
    home_view,
)
from handlers.slack import limits
from handlers.slack.blocks import weigh
from tests.handlers.asking.test_pressed import answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import missing_intermediate
from tests.handlers.watches.test_watching import JOINED, NOT_JOINED, Clock, say, until_told
from tests.store.samples import question

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


async def opened(bot: Running, who: object = AIKO) -> View:
    """Open the Home tab, and wait until it is published anew."""
    before = bot.slack.home(who)  # type: ignore[arg-type] # a User
    await bot.slack.open_home(who)  # type: ignore[arg-type] # a User
    published = await bot.slack.wait_for(lambda: _newer(bot, who, before))
    assert published is not None
    return published


def _newer(bot: Running, who: object, before: View | None) -> View | None:
    now = bot.slack.home(who)  # type: ignore[arg-type] # a User
    return now if now is not None and (before is None or now.hash != before.hash) else None


async def window(bot: Running, words: str) -> View:
    """Wait for a window that says this."""
    found = await bot.slack.wait_for(
        lambda: [one for one in bot.slack.views if words in one.words()]
    )
    return found[-1]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_what_one_checked_and_watches(run: Run, via: str) -> None:
    """Own checks, those of the channel one asked in, own watches, and what expires next."""
    async with run(via=via, real=True, app=declared()) as bot:
        empty = await opened(bot)
        assert "You have checked nothing" in empty.words()
        assert "Nothing is watched for you" in empty.words()
        await say(bot, "shop.example.jp")
        await say(bot, "bens.example.jp", who=BEN)
        await say(bot, "elsewhere.example.jp", NOT_JOINED, BEN)
        await say(bot, "watch mail.example.jp:993 expiry")
        words = (await opened(bot)).words()
        assert "*shop.example.jp*" in words
        assert "The server does not send its intermediate certificate" in words
        assert "*bens.example.jp*" in words
        assert "elsewhere" not in words
        assert "*mail.example.jp:993* · until it is renewed" in words
        expiring = words[words.index("expire next") :].splitlines()[1:3]
        assert all(" · in 4" in line for line in expiring)
        assert BEN.id not in words
        bens = (await opened(bot, BEN)).words()
        assert "Nothing is watched for you" in bens
        assert bot.slack.refusals == ()


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_the_box_checks_a_server(run: Run, via: str) -> None:
    """With the Enter key or the button; the answer opens in a window, and is listed behind it."""
    async with run(via=via, real=True, app=declared()) as bot:
        home = await opened(bot)
        await bot.slack.press(AIKO, home, HOST, option="https://shop.example.jp/cart?x=1")
        shown = await window(bot, "The server does not send its intermediate")
        assert "ssl_certificate" in shown.words()
        await bot.slack.wait_for(lambda: "*shop.example.jp*" in _words(bot))
        assert "cart" not in _words(bot)
        await bot.slack.press(
            AIKO, home, CHECK_TYPED, values={HOST: "mail.example.jp:587 --starttls smtp"}
        )
        await bot.slack.wait_for(lambda: "*mail.example.jp:587 (smtp)*" in _words(bot))
        assert bot.slack.refusals == ()
        assert not bot.slack.messages(JOINED)


def _words(bot: Running) -> str:
    home = bot.slack.home(AIKO)
    return home.words() if home is not None else ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type a server's name"),
        ("help", "Type a server's name"),
        ("watch shop.example.jp", "Type a server's name"),
        ("shop.example.jp --roots x", "works only on the command line"),
        ("http://", "no"),
    ],
    ids=["nothing", "help", "a watch", "an option", "no host"],
)
async def test_what_is_no_server_is_said(run: Run, typed: str, said: str) -> None:
    """In the window; nothing is checked."""
    async with run(app=declared()) as bot:
        await bot.slack.press(AIKO, await opened(bot), CHECK_TYPED, values={HOST: typed})
        await window(bot, said)
        assert bot.vantage.asked == []
        assert bot.slack.refusals == ()


async def test_old_entries_are_shown_and_checked_again(run: Run) -> None:
    """Show opens the stored result; check again makes a new one, also when a day has passed."""
    clock = Clock()
    async with run(clock=clock, real=True, app=declared()) as bot:
        await say(bot, "shop.example.jp")
        home = await opened(bot)
        await bot.slack.press(AIKO, home, DETAILS)
        shown = await window(bot, "The server does not send its intermediate")
        assert len(bot.vantage.asked) == 1
        await bot.slack.close(AIKO, shown)
        clock.ahead += timedelta(days=2)
        home = await opened(bot)
        assert DETAILS not in home.action_ids
        bot.vantage.mended = True
        await bot.slack.press(AIKO, home, AGAIN)
        await bot.slack.wait_for(lambda: "✓ *shop.example.jp*" in _words(bot))
        assert len(bot.vantage.asked) == 2
        assert bot.slack.refusals == ()


async def test_what_a_watch_saw_since_is_shown(run: Run) -> None:
    """Mended since one's own check: the entry says so, and Show opens what was seen last."""
    clock = Clock()
    async with run(clock=clock, real=True, app=declared()) as bot:
        await say(bot, "shop.example.jp")
        await say(bot, "watch shop.example.jp")
        assert "since" not in own_entry((await opened(bot)).words())
        bot.vantage.mended = True
        clock.forward(1.2)
        await until_told(bot, JOINED, "Mended")
        home = await opened(bot)
        entry = own_entry(home.words())
        assert entry.startswith("✗ *shop.example.jp*")
        assert "TLS works here" in entry
        await bot.slack.press(AIKO, home, DETAILS)
        await window(bot, "shop.example.jp is fine")
        await bot.slack.command(AIKO, JOINED, "recent")
        assert "\n✓ since" in own_entry(bot.slack.messages(JOINED, AIKO)[-1].words())
        assert bot.slack.refusals == ()


def own_entry(words: str) -> str:
    """The first of one's own entries, with what stands under it."""
    return words[words.index("✗ *shop.example.jp*") :]


async def test_a_press_is_delivered_twice_and_done_once(run: Run) -> None:
    """One window, one check."""
    async with run(app=declared()) as bot:
        home = await opened(bot)
        first = await bot.slack.press(AIKO, home, HOST, option="shop.example.jp")
        await window(bot, "shop.example.jp")
        again = await bot.slack.redeliver(first)
        assert again.outcome == "ok"
        await bot.slack.wait_for(lambda: "*shop.example.jp*" in _words(bot))
        assert len(bot.slack.views) == 1
        assert len(bot.vantage.asked) == 1


async def test_a_watch_is_ended_from_home(run: Run) -> None:
    """One's own, and it is gone at once."""
    async with run(app=declared()) as bot:
        await say(bot, "watch shop.example.jp")
        home = await opened(bot)
        await bot.slack.press(AIKO, home, STOP)
        await bot.slack.wait_for(lambda: "Nothing is watched for you" in _words(bot))
        assert "Nothing is watched in" in (await say(bot, "watches")).text


async def test_somebody_elses_watch_is_not_ended(run: Run) -> None:
    """The button carried to another person's tab ends nothing."""
    async with run(app=declared()) as bot:
        await say(bot, "watch shop.example.jp")
        home = await opened(bot)
        bens = await opened(bot, BEN)
        first = await bot.slack.press(BEN, bens, CHOOSE, option=AUTOMATIC)
        await bot.slack.wait_for(lambda: _newer(bot, BEN, bens))
        value = next(one["value"] for one in _elements(home) if one["action_id"] == STOP)
        payload = {
            "type": "block_actions",
            "user": {"id": BEN.id},
            "team": {"id": "T0STANDIN"},
            "trigger_id": "1.2.3",
            "container": {"type": "view", "view_id": home.id},
            "view": {"type": "home", "state": {"values": {}}},
            "actions": [{"type": "button", "action_id": STOP, "action_ts": "1.0", "value": value}],
        }
        before = bot.slack.home(BEN)
        await bot.slack.redeliver(replace(first, payload=payload))
        await bot.slack.wait_for(lambda: _newer(bot, BEN, before))
        assert "shop.example.jp" in (await say(bot, "watches")).words()


def _elements(view: View) -> list[dict[str, object]]:
    return [
        one["accessory"] for one in view.body["blocks"] if isinstance(one.get("accessory"), dict)
    ]


async def test_the_language_is_chosen(run: Run) -> None:
    """Stronger than Slack's and than TLSCHECK_LANG, weaker than --lang; and given back."""
    async with run(real=True, app=declared(), tlscheck_lang="en") as bot:
        home = await opened(bot)
        await bot.slack.press(AIKO, home, CHOOSE, option="ja")
        await bot.slack.wait_for(lambda: "有効期限" in _words(bot) or "最近の確認" in _words(bot))
        assert "中間CA証明書" in (await say(bot, "shop.example.jp")).words()
        assert "intermediate certificate" in (await say(bot, "shop.example.jp --lang en")).words()
        shown = await answer(bot)
        await bot.slack.press(AIKO, shown, SHARE)
        await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
        assert "does not send" in (await say(bot, "shop.example.jp", who=BEN)).words()
        home = await opened(bot)
        await bot.slack.press(AIKO, home, CHOOSE, option=AUTOMATIC)
        await bot.slack.wait_for(lambda: "Your recent checks" in _words(bot))
        assert "does not send" in (await say(bot, "shop.example.jp")).words()
        assert bot.slack.refusals == ()


async def test_slack_refuses_the_tab(run: Run) -> None:
    """A tab that is switched off costs a line in the log, and nothing else."""
    async with run(app=declared()) as bot:
        bot.slack.fail_next("views.publish", error="not_enabled")
        await bot.slack.open_home(AIKO)
        await bot.slack.wait_for(lambda: any(c.method == "views.publish" for c in bot.slack.calls))
        await opened(bot)


async def test_the_messages_tab_publishes_nothing(run: Run) -> None:
    """Opening the direct messages is no reason."""
    async with run(app=declared()) as bot:
        await bot.slack.open_home(AIKO, "messages")
        await opened(bot, BEN)
        assert bot.slack.home(AIKO) is None


async def test_a_check_that_takes_long_shows_that_it_runs(run: Run) -> None:
    """The window opens at once, whatever the check does."""
    async with run(app=declared()) as bot:
        home = await opened(bot)
        bot.vantage.gate.clear()
        await bot.slack.press(AIKO, home, HOST, option="shop.example.jp")
        await window(bot, "Checking shop.example.jp")
        bot.vantage.gate.set()
        async with asyncio.timeout(10):
            await bot.slack.wait_for(lambda: "*shop.example.jp*" in _words(bot))


@pytest.mark.parametrize("lang", LANGS)
def test_however_much_there_is_it_fits(lang: Lang) -> None:
    """Within Slack's 100 blocks and its size, the box and the language always among them."""
    hosts = [f"{'very-' * 12}{n}.{'name-' * 12}example.jp" for n in range(60)]
    own = [
        Checked(question=question(host), verdict="broken", cause=Cause.EXPIRED, at=NOW, result="r")
        for host in hosts
    ]
    watches = [
        begin(
            f"{n:032x}",
            "state",
            question(host),
            report=missing_intermediate(question(host), at=NOW),
            asked=Asked(channel="C1", user="U1", lang="en"),
            now=NOW,
        )
        for n, host in enumerate(hosts)
    ]
    known = Known(
        own=own,
        channels=[(f"C{n}", own) for n in range(3)],
        watches=watches,
        expiring=[
            Expiring(one.question.target, NOW + timedelta(days=n)) for n, one in enumerate(own)
        ],
    )
    view = home_view(known, lang, None, NOW)
    assert len(view["blocks"]) <= limits.VIEW_BLOCKS
    assert weigh(view["blocks"]) <= limits.VIEW_CHARACTERS
    assert {HOST, CHECK_TYPED, CHOOSE} <= set(View("V", "U", view, "", "V").action_ids)
    for other in (None, Known(away=True)):
        assert len(home_view(other, lang, lang, NOW)["blocks"]) < 10
