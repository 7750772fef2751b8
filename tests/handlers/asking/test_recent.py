"""What was checked last: listed for a channel and its asker, shown again or checked again."""

from datetime import timedelta

import pytest

from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.command import Ask, RecentChecks, parse_command
from handlers.asking.press import CHECK, RECHECK, SHARE, WATCH
from tests.handlers.asking.test_pressed import answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.waiting import until
from tests.handlers.watches.test_watching import JOINED, NOT_JOINED, Clock, say


def rows(words: str) -> list[str]:
    """The lines of a list that stand for a check."""
    return [line for line in words.splitlines() if line[:1] in {"✓", "△", "✗", "?"}]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_the_channel_and_what_one_checked_elsewhere(run: Run, via: str) -> None:
    """Everybody's checks of this channel without names, and one's own of other places."""
    async with run(via=via, real=True) as bot:
        assert "Nothing was checked here" in (await say(bot, "recent")).text
        await say(bot, "shop.example.jp")
        await say(bot, "mail.example.jp:993", who=BEN)
        await say(bot, "dm.example.jp --address 203.0.113.7", "dm")
        listed = await say(bot, "recent")
        found = rows(listed.words())
        assert [row.split("·")[0].strip() for row in found] == [
            "✗ *mail.example.jp:993*",
            "✗ *shop.example.jp*",
            "✗ *dm.example.jp --address 203.0.113.7*",
        ]
        assert "does not send its intermediate" in found[0]
        assert BEN.id not in listed.words()
        assert listed.action_ids == (CHECK,) * 3
        others = rows((await say(bot, "recent", NOT_JOINED, BEN)).words())
        assert len(others) == 1
        assert "mail.example.jp" in others[0]
        assert bot.slack.refusals == ()


async def test_shown_again_without_a_new_check_and_checked_again_after_a_day(run: Run) -> None:
    """The button shows the very result while it is stored; later it asks anew."""
    clock = Clock()
    async with run(clock=clock, tlscheck_cache_seconds=0) as bot:
        await say(bot, "shop.example.jp")
        listed = await say(bot, "recent")
        assert "Show" in listed.words()
        clock.forward(60)
        await bot.slack.press(AIKO, listed, CHECK)
        await bot.slack.wait_for(lambda: RECHECK in bot.slack.messages(JOINED, AIKO)[-1].action_ids)
        assert len(bot.vantage.asked) == 1
        clock.ahead += timedelta(days=2)
        listed = await say(bot, "recent")
        assert "Check again" in listed.words()
        await bot.slack.press(AIKO, listed, CHECK)
        await bot.slack.wait_for(lambda: RECHECK in bot.slack.messages(JOINED, AIKO)[-1].action_ids)
        assert len(bot.vantage.asked) == 2


async def test_every_way_to_an_answer_is_noted(run: Run) -> None:
    """Checks again, watches and shared answers, each with its newest result."""
    async with run() as bot:
        shown = await answer(bot)
        bot.vantage.mended = True
        await bot.slack.press(AIKO, shown, RECHECK)
        await until(lambda: _first_row(bot, "✓"))
        await say(bot, "watch other.example.jp")
        await bot.slack.command(AIKO, JOINED, "third.example.jp share")
        (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
        assert len(rows((await say(bot, "recent")).words())) == 3
        bot.vantage.mended = False
        await bot.slack.press(BEN, shared, RECHECK)
        await until(lambda: _first_row(bot, "✗"))
        assert len(rows((await say(bot, "recent", NOT_JOINED, BEN)).words())) == 1


async def _first_row(bot: Running, mark: str) -> bool:
    return rows((await say(bot, "recent")).words())[0].startswith(mark)


async def test_a_long_list_fits(run: Run) -> None:
    """However many there are: the newest are listed, and Slack takes it."""
    async with run(real=True) as bot:
        for n in range(14):
            await say(bot, f"{'very-' * 10}long-{n}.{'name-' * 10}example.jp --address 203.0.113.7")
            await say(bot, f"own-{n}.example.jp --address 203.0.113.7", "dm")
        listed = await say(bot, "recent")
        assert 10 < len(rows(listed.words())) <= 24
        assert "long-13" in rows(listed.words())[0]
        assert bot.slack.refusals == ()


async def test_in_japanese(run: Run) -> None:
    """Words and buttons."""
    async with run(real=True) as bot:
        await say(bot, "shop.example.jp")
        listed = await say(bot, "最近 --lang ja")
        assert "最近の確認" in listed.words()
        assert "表示" in listed.words()
        assert WATCH not in listed.action_ids
        assert SHARE not in listed.action_ids


def test_the_word_alone() -> None:
    """Behind it a host is none of it, and a host of that name has a port."""
    assert parse_command("recent", "en") == RecentChecks("en")
    assert parse_command(" Recent --lang ja", "en") == RecentChecks("ja")
    assert isinstance(parse_command("recent:443", "en"), Ask)
