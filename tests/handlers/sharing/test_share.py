"""Shared answers: one message that lives, its history in its thread, wherever it stands."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.command import Ask, parse_command
from handlers.asking.press import RECHECK, SHARE, WATCH
from tests.handlers.answers.test_update import LateVantage, opens
from tests.handlers.asking.test_pressed import answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.waiting import until
from tests.handlers.watches.test_watching import Clock

JOINED = "incident-shop"
NOT_JOINED = "general"


async def share(bot: Running, channel: str = JOINED) -> Message:
    """Ask, share, and take the shared message."""
    message = await answer(bot, channel)
    await bot.slack.press(AIKO, message, SHARE)
    where = bot.slack.workspace.channel(channel, user=AIKO).id
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, where))
    return shared


def replies(bot: Running, shared: Message) -> list[str]:
    """What stands in the thread of a message."""
    there = shown_to_all(bot, shared.channel)
    return [one.text for one in there if one.thread_ts == shared.ts]


def now(bot: Running, message: Message) -> Message:
    """The message as it stands now."""
    found = bot.slack.workspace.message(message.channel, message.ts)
    assert found is not None
    return found


async def settled(bot: Running) -> None:
    """Wait until nothing is under way in the background."""
    await until(lambda: _idle(bot))


async def _idle(bot: Running) -> bool:
    return "tlscheck_background_tasks 0.0" in await bot.numbers()


def updates(bot: Running) -> int:
    """How often a message was changed as a member."""
    return [call.method for call in bot.slack.calls].count("chat.update")


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_a_shared_answer_lives(run: Run, via: str) -> None:
    """Mended and broken again: the message changes, the thread says when; unchanged adds nothing."""
    clock = Clock()
    async with run(via=via, clock=clock, real=True) as bot:
        shared = await share(bot)
        clock.forward(5)
        await bot.slack.press(BEN, shared, RECHECK)
        await bot.slack.wait_for(lambda: now(bot, shared).edited_ts)
        await settled(bot)
        assert replies(bot, shared) == []
        assert now(bot, shared).blocks != shared.blocks  # the moment of the check
        clock.forward(5)
        bot.vantage.mended = True
        await bot.slack.press(BEN, now(bot, shared), RECHECK)
        (line,) = await bot.slack.wait_for(lambda: replies(bot, shared))
        assert "The server does not send its intermediate certificate → <!date^" in line
        assert "TLS works here" in line
        assert "An intermediate certificate is sent since" in line
        assert "<@" not in line
        assert "OK: shop.example.jp" in str(now(bot, shared).blocks)
        assert f"<@{AIKO.id}>" in str(now(bot, shared).blocks)
        await settled(bot)
        clock.forward(5)
        bot.vantage.mended = False
        await bot.slack.press(AIKO, now(bot, shared), RECHECK)
        await bot.slack.wait_for(lambda: len(replies(bot, shared)) == 2)
        assert len(bot.vantage.asked) == 4
        assert bot.slack.refusals == ()


async def test_two_who_press_at_once_cause_one_check_and_one_update(bot: Running) -> None:
    """The second press finds the first at work; a press on what was replaced does nothing."""
    shared = await share(bot)
    bot.vantage.gate.clear()
    first, second = await asyncio.gather(
        bot.slack.press(AIKO, shared, RECHECK), bot.slack.press(BEN, shared, RECHECK)
    )
    assert (first.outcome, second.outcome) == ("ok", "ok")
    await bot.slack.wait_for(lambda: len(bot.vantage.asked) == 2)
    bot.vantage.gate.set()
    await bot.slack.wait_for(lambda: updates(bot) == 1)
    await settled(bot)
    # Somebody whose screen still shows the old one.
    bot.slack.workspace.put(replace(now(bot, shared), blocks=shared.blocks))
    await bot.slack.press(BEN, shared, RECHECK)
    await settled(bot)
    assert len(bot.vantage.asked) == 2
    assert updates(bot) == 1


async def test_two_bots_check_once(run: Run, redis_url: str) -> None:
    """Presses that reach two processes: the lock is in Redis."""
    async with run(redis_url=redis_url) as one, run(redis_url=redis_url) as other:
        shared = await share(one)
        other.slack.workspace.channels.update(one.slack.workspace.channels)
        other.slack.workspace.put(shared)
        one.vantage.gate.clear()
        other.vantage.gate.clear()
        await one.slack.press(AIKO, shared, RECHECK)
        await one.slack.wait_for(lambda: len(one.vantage.asked) == 2)
        await other.slack.press(BEN, shared, RECHECK)
        await settled(other)
        one.vantage.gate.set()
        await one.slack.wait_for(lambda: updates(one) == 1)
        assert len(other.vantage.asked) == 0
        assert updates(other) == 0


@pytest.mark.parametrize(
    "text", ["shop.example.jp share", "share shop.example.jp", "shop.example.jp 共有"]
)
@pytest.mark.parametrize("channel", [JOINED, NOT_JOINED, "dm"])
async def test_the_command_shares_at_once(bot: Running, channel: str, text: str) -> None:
    """Posted for all; the asker sees nothing more."""
    delivery = await bot.slack.command(AIKO, channel, text)
    assert delivery.message is None
    where = bot.slack.workspace.channel(channel, user=AIKO).id
    (shared,) = shown_to_all(bot, where)
    assert f"<@{AIKO.id}>" in str(shared.blocks)
    assert [one.error for one in bot.slack.refusals if one.error != "not_in_channel"] == []


async def test_a_slow_check_is_shared_when_it_is_done(run: Run) -> None:
    """Meanwhile the asker reads that it is under way."""
    async with run(patience=0.05) as bot:
        bot.vantage.gate.clear()
        delivery = await bot.slack.command(AIKO, JOINED, "shop.example.jp share")
        assert delivery.message is not None
        assert "hecking" in delivery.message.text
        bot.vantage.gate.set()
        await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("message_not_found", "was deleted"),
        ("is_archived", "is archived"),
        ("missing_scope", "lacks a permission"),
        ("edit_window_closed", "does not let me change"),
        ("cant_update_message", "does not let me change"),
        ("something_new", "did not let me post or change"),
    ],
)
async def test_a_message_that_cannot_be_changed(bot: Running, error: str, words: str) -> None:
    """One clear line to who pressed, and to nobody else."""
    shared = await share(bot)
    bot.slack.fail_next("chat.update", error=error)
    await bot.slack.press(BEN, shared, RECHECK)
    await bot.slack.wait_for(lambda: words in bot.slack.messages(JOINED, BEN)[-1].text)
    assert len(bot.slack.messages(JOINED, AIKO)) == 2
    assert shown_to_all(bot, JOINED) == (shared,)


async def test_where_the_bot_is_no_member_the_press_changes_it(bot: Running) -> None:
    """Through the address of the press: the message, and the line in its thread."""
    shared = await share(bot, NOT_JOINED)
    bot.vantage.mended = True
    bot.slack.fail_next("chat.update", error="not_in_channel")
    await bot.slack.press(BEN, shared, RECHECK)
    await bot.slack.wait_for(lambda: replies(bot, shared))
    assert f"<@{AIKO.id}>" in str(now(bot, shared).blocks)
    assert len(shown_to_all(bot, NOT_JOINED)) == 2


async def test_where_all_is_used_up_a_direct_message_says_what_to_do(bot: Running) -> None:
    """Neither as a member nor through the address."""
    shared = await share(bot, NOT_JOINED)
    bot.slack.fail_next("chat.update", error="not_in_channel")
    bot.slack.fail_next("response_url", status=404, error="expired_url", times=2)
    await bot.slack.press(BEN, shared, RECHECK)
    await bot.slack.wait_for(
        lambda: any("/invite" in one.text for one in bot.slack.messages("dm", BEN))
    )


async def test_share_in_a_thread_stays_there(bot: Running) -> None:
    """As after the message shortcut on an alert."""
    alert = await bot.slack.say(BEN, JOINED, "shop.example.jp does not answer")
    message = await answer(bot)
    message = bot.slack.workspace.put(replace(message, thread_ts=alert.ts))
    await bot.slack.press(AIKO, message, SHARE)
    _, shared = (
        await bot.slack.wait_for(
            lambda: shown_to_all(bot, JOINED) if len(shown_to_all(bot, JOINED)) == 2 else None
        )
        or ()
    )
    assert shared.thread_ts == alert.ts
    bot.vantage.mended = True
    await bot.slack.press(BEN, shared, RECHECK)
    await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) == 3)
    assert shown_to_all(bot, JOINED)[-1].thread_ts == alert.ts


async def test_the_news_of_a_watch_change_the_shared_message(run: Run) -> None:
    """Told once in the thread, and shown in the message."""
    clock = Clock()
    async with run(clock=clock, real=True) as bot:
        shared = await share(bot)
        await bot.slack.press(BEN, shared, WATCH)
        await bot.slack.wait_for(lambda: "I watch" in bot.slack.messages(JOINED, BEN)[-1].text)
        bot.vantage.mended = True
        clock.forward(1.2)
        await bot.slack.wait_for(lambda: "OK: shop.example.jp" in str(now(bot, shared).blocks))
        (told,) = replies(bot, shared)
        assert "Mended" in told


async def test_the_message_is_compared_after_its_result_is_gone(run: Run, redis_url: str) -> None:
    """A day later, and after a restart, the thread still says what changed."""
    async with run(redis_url=redis_url, real=True) as bot:
        shared = await share(bot)
    async with run(redis_url=redis_url, real=True) as bot, Redis.from_url(redis_url) as redis:
        await redis.delete(*await redis.keys("tlscheck:result:*"))
        bot.slack.workspace.put(replace(shared, channel=bot.slack.workspace.channel(JOINED).id))
        bot.vantage.mended = True
        await bot.slack.press(BEN, shared, RECHECK)
        (line,) = await bot.slack.wait_for(lambda: replies(bot, shared))
        assert "TLS works here" in line


@pytest.mark.parametrize(
    ("typed", "verb"),
    [
        ("shop.example.jp share", "share"),
        ("shop.example.jp 8443 share", "share"),
        ("share shop.example.jp", "share"),
        ("共有 shop.example.jp", "share"),
        ("shop.example.jp 共有 --lang ja", "share"),
        ("share", "check"),
        ("https://shop.example.jp/share", "check"),
        ("curl https://shop.example.jp share", "check"),
        ("could not connect to https://shop.example.jp from the share", "check"),
    ],
)
def test_what_asks_for_sharing(typed: str, verb: str) -> None:
    """The word before or behind a host; never the end of something that was pasted."""
    command = parse_command(typed, "en")
    assert isinstance(command, Ask)
    assert command.verb == verb


async def test_a_watch_changes_the_message_where_the_bot_is_no_member(run: Run) -> None:
    """Through the address of the press that began it; the news go to the watcher."""
    clock = Clock()
    async with run(clock=clock, real=True) as bot:
        shared = await share(bot, NOT_JOINED)
        await bot.slack.press(BEN, shared, WATCH)
        await bot.slack.wait_for(lambda: "I watch" in bot.slack.messages(NOT_JOINED, BEN)[-1].text)
        bot.vantage.mended = True
        bot.slack.fail_next("chat.update", error="not_in_channel")
        clock.forward(1.2)
        await bot.slack.wait_for(lambda: "OK: shop.example.jp" in str(now(bot, shared).blocks))
        assert any("Mended" in one.text for one in bot.slack.messages("dm", BEN))


async def test_what_a_ca_says_later_comes_into_the_shared_message(run: Run) -> None:
    """And into its thread, since it changes the verdict."""
    late = LateVantage()
    async with run(open_vantage=opens(late), real=True) as bot:
        shared = await share(bot)
        assert "OK: shop.example.jp" in str(shared.blocks)
        late.arrived.set()
        (line,) = await bot.slack.wait_for(lambda: replies(bot, shared))
        assert "TLS works here → " in line
        assert "Broken: shop.example.jp" in str(now(bot, shared).blocks)
