"""Watches as people use them: begun by command or button, told where they were asked for, ended by anyone."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.press import SHARE, UNWATCH, WATCH, WATCH_EXPIRY
from handlers.watches.watching import LISTED
from tests.handlers.asking.test_pressed import action_ids, answer, shown_to_all
from tests.handlers.conftest import Run, Running

JOINED = "incident-shop"
NOT_JOINED = "general"


class Clock:
    """The real clock, moved forward by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        """Now, and a bit."""
        return datetime.now(UTC) + self.ahead

    def forward(self, minutes: float) -> None:
        """Let so many minutes pass."""
        self.ahead += timedelta(minutes=minutes)


async def say(bot: Running, text: str, channel: str = JOINED, who: object = AIKO) -> Message:
    """Type a command and take its answer."""
    delivery = await bot.slack.command(who, channel, text)  # type: ignore[arg-type] # a User
    assert delivery.message is not None
    return delivery.message


async def as_time_passes(bot: Running, clock: Clock, condition: Callable[[], object]) -> None:
    """Wait for what comes by itself within some minutes of the bot's clock."""

    def met() -> object:
        clock.forward(0.2)
        return condition()

    await bot.slack.wait_for(met)


async def until_told(bot: Running, channel: str, words: str) -> Message:
    """Wait for what everybody in the channel reads."""
    found = await bot.slack.wait_for(
        lambda: [one for one in shown_to_all(bot, channel) if words in one.text]
    )
    return found[0]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_watch_until_fixed(run: Run, via: str) -> None:
    """Begun by command, told to all with the watcher's name when it is mended, and not again."""
    clock = Clock()
    async with run(via=via, clock=clock, real=True) as bot:
        begun = await say(bot, "watch shop.example.jp")
        assert "I watch shop.example.jp" in begun.text
        assert action_ids(begun) == [UNWATCH, WATCH_EXPIRY]
        bot.vantage.mended = True
        clock.forward(1.2)
        told = await until_told(bot, JOINED, "Mended")
        assert f"<@{AIKO.id}>" in told.text
        assert "The server does not send its intermediate certificate" in told.text
        assert "An intermediate certificate is sent since" in told.text
        looks = len(bot.vantage.asked)
        await as_time_passes(bot, clock, lambda: len(bot.vantage.asked) > looks)
        async with asyncio.timeout(20):
            while "Nothing is watched" not in (await say(bot, "watches")).text:
                clock.forward(0.5)
        assert len(shown_to_all(bot, JOINED)) == 1


async def test_news_of_a_shared_answer_go_into_its_thread(run: Run) -> None:
    """The button on a shared message; whoever pressed it is the one who is told."""
    clock = Clock()
    async with run(clock=clock) as bot:
        await bot.slack.press(AIKO, await answer(bot), SHARE)
        (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
        await bot.slack.press(BEN, shared, WATCH)
        await bot.slack.wait_for(lambda: "I watch" in bot.slack.messages(JOINED, BEN)[-1].text)
        bot.vantage.mended = True
        clock.forward(1.2)
        told = await until_told(bot, JOINED, "Mended")
        assert told.thread_ts == shared.ts
        assert f"<@{BEN.id}>" in told.text


async def test_where_the_bot_is_no_member_the_watcher_is_told(run: Run) -> None:
    """In the direct messages, with what to do about it."""
    clock = Clock()
    async with run(clock=clock) as bot:
        await say(bot, "watch shop.example.jp", NOT_JOINED)
        bot.vantage.mended = True
        clock.forward(1.2)
        direct = bot.slack.workspace.channel("dm", user=AIKO).id
        told = await until_told(bot, direct, "Mended")
        assert "/invite" in str(told.blocks)


async def test_anyone_lists_and_ends(run: Run) -> None:
    """Ben ends what Aiko began, and Aiko is told."""
    async with run() as bot:
        await say(bot, "watch shop.example.jp")
        await say(bot, "watch mail.example.jp:993 expiry")
        assert "being watched here already" in (await say(bot, "watch shop.example.jp")).text
        listed = await say(bot, "watches", who=BEN)
        lines = [str(one["text"]["text"]) for one in listed.blocks if one["type"] == "section"]
        assert [line.split(" ")[0] for line in lines] == ["shop.example.jp", "mail.example.jp:993"]
        await bot.slack.press(BEN, listed, UNWATCH)
        await bot.slack.wait_for(
            lambda: any("ended the watch" in one.text for one in bot.slack.messages(JOINED, AIKO))
        )
        assert "not watched any more" in (await say(bot, "unwatch mail.example.jp:993")).text
        assert "Nothing is watched" in (await say(bot, "watches", who=BEN)).text
        assert "is not watched in this channel" in (await say(bot, "unwatch shop.example.jp")).text


async def test_a_long_list_names_the_rest(run: Run) -> None:
    """Twenty are listed; the number of the others is said."""
    async with run() as bot:
        for n in range(LISTED + 2):
            await say(bot, f"watch h{n}.example.jp")
        assert "2 more" in (await say(bot, "watches")).words()


async def test_another_channel_ends_nothing(run: Run) -> None:
    """A button carried elsewhere is none of that channel's."""
    async with run() as bot:
        begun = await say(bot, "watch shop.example.jp", NOT_JOINED)
        assert "Nothing is watched" in (await say(bot, "watches", JOINED)).text
        await bot.slack.press(AIKO, begun, UNWATCH)
        await bot.slack.wait_for(
            lambda: "not watched any more" in bot.slack.messages(NOT_JOINED, AIKO)[-1].text
        )
        await bot.slack.press(AIKO, begun, UNWATCH)
        await bot.slack.wait_for(
            lambda: "ended already" in bot.slack.messages(NOT_JOINED, AIKO)[-1].text
        )


async def test_conditions_are_not_watched(run: Run) -> None:
    """A watch sees what everybody sees."""
    async with run() as bot:
        said = await say(bot, "watch shop.example.jp --address 203.0.113.7")
        assert "leave out --address" in said.text
        assert WATCH not in action_ids(await say(bot, "shop.example.jp --address 203.0.113.7"))
        bot.vantage.mended = True
        fine = await say(bot, "other.example.jp")
        assert WATCH_EXPIRY in action_ids(fine)


async def test_in_japanese(run: Run) -> None:
    """Words, buttons and news."""
    clock = Clock()
    async with run(clock=clock, real=True) as bot:
        begun = await say(bot, "watch shop.example.jp --lang ja")
        assert "監視を始めました" in begun.text
        bot.vantage.mended = True
        clock.forward(1.2)
        assert "正常です" in (await until_told(bot, JOINED, "正常")).text


async def test_watches_outlive_the_bot(run: Run) -> None:
    """Begun at one bot, told by the next one."""
    clock = Clock()
    async with run(clock=clock) as bot:
        await say(bot, "watch shop.example.jp")
    async with run(clock=clock) as bot:
        bot.vantage.mended = True
        clock.forward(1.2)
        await until_told(bot, JOINED, "Mended")


async def test_slack_refuses_for_a_while(run: Run) -> None:
    """The news wait for Slack, and are told once."""
    clock = Clock()
    async with run(clock=clock) as bot:
        await say(bot, "watch shop.example.jp")
        bot.slack.fail_next("chat.postMessage", error="internal_error")
        bot.vantage.mended = True
        clock.forward(1.2)
        await as_time_passes(bot, clock, lambda: shown_to_all(bot, JOINED))
        assert 'tlscheck_watch_notices_total{outcome="later"} 1.0' in await bot.numbers()
        assert len(shown_to_all(bot, JOINED)) == 1


async def test_history(run: Run) -> None:
    """What was, and what is: the newest first."""
    async with run(real=True) as bot:
        assert "Nothing is known" in (await say(bot, "history shop.example.jp")).text
        await answer(bot)
        bot.vantage.mended = True
        changed = await say(bot, "watch shop.example.jp")
        assert "I watch" in changed.text
        seen = await say(bot, "shop.example.jp")
        assert seen.text
        past = str((await say(bot, "history shop.example.jp")).blocks)
        assert "does not send its intermediate" in past
        assert "FujiSSL" in past
