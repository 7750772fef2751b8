"""The message shortcut: explained and checked for the presser alone, shared into the thread."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.demo.slack.values import Json, Message
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.press import CHECK, RECHECK, SHARE
from handlers.talking.shortcut import HOST_VIEW, MESSAGE_SHORTCUT
from tests.handlers.asking.test_pressed import action_ids, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.talking.test_alert import RICH, SECTIONS

JOINED = "incident-shop"
NOT_JOINED = "general"


def put(
    bot: Running,
    text: str,
    channel: str = JOINED,
    *,
    blocks: tuple[Json, ...] = (),
    thread_ts: str | None = None,
) -> Message:
    """A message of somebody or of an alert app."""
    space = bot.slack.workspace
    where = space.channel(channel).id
    return space.put(
        Message(
            channel=where,
            ts=space.new_ts(),
            user=BEN.id,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
        )
    )


def blocks_of(message: Mapping[str, Any]) -> tuple[Json, ...]:
    """The blocks of a message of an app."""
    return tuple(message["blocks"])


def told(bot: Running, channel: str = JOINED, *, waiting: bool = False) -> list[Message]:
    """What Aiko alone sees; on a busy machine any check may be announced before its answer."""
    return [
        one
        for one in bot.slack.messages(channel, AIKO)
        if one.ephemeral_to == AIKO.id and (waiting or not one.text.startswith("Checking"))
    ]


async def choose(bot: Running, message: Message, *, answers: int) -> list[Message]:
    """Choose the shortcut, and wait for so many answers."""
    before = len(told(bot, message.channel))
    assert (await bot.slack.shortcut(AIKO, message, MESSAGE_SHORTCUT)).outcome == "ok"
    await bot.slack.wait_for(lambda: len(told(bot, message.channel)) >= before + answers)
    return told(bot, message.channel)[before:]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_an_alert_is_explained_and_its_server_checked(run: Run, via: str) -> None:
    """Two messages for the presser alone; nothing for anybody else."""
    async with run(via=via, real=True) as bot:
        alert = put(bot, str(RICH["text"]), blocks=blocks_of(RICH))
        first, last = await choose(bot, alert, answers=2)
        assert "expired" in first.text
        assert CHECK not in action_ids(first)
        assert "mail.example.jp:993" in last.text
        assert SHARE in action_ids(last)
        assert shown_to_all(bot, JOINED) == (bot.slack.workspace.message(alert.channel, alert.ts),)
        assert bot.slack.messages(JOINED, BEN)[1:] == ()
        assert bot.slack.refusals == ()


@pytest.mark.parametrize("channel", [JOINED, NOT_JOINED])
async def test_sharing_goes_into_the_thread_of_the_message(run: Run, channel: str) -> None:
    """Also after a new check, and where the bot is no member."""
    async with run(real=True) as bot:
        alert = put(bot, "https://shop.example.jp is down", channel)
        (answer,) = await choose(bot, alert, answers=1)
        bot.vantage.no_chain = True
        await bot.slack.press(AIKO, answer, RECHECK)
        await bot.slack.wait_for(lambda: len(bot.vantage.asked) == 2)
        await bot.slack.wait_for(lambda: "fullchain" not in str(told(bot, channel)[0].blocks))
        await bot.slack.press(AIKO, told(bot, channel)[0], SHARE)
        await bot.slack.wait_for(lambda: len(shown_to_all(bot, channel)) == 2)
        assert shown_to_all(bot, channel)[-1].thread_ts == alert.ts


async def test_under_an_alert_check_again_renews_what_was_shared_there(run: Run) -> None:
    """The shared answer under the alert shows the new result; the alert's own message stays."""
    async with run(real=True) as bot:
        alert = put(bot, "https://shop.example.jp is down")
        (answer,) = await choose(bot, alert, answers=1)
        await bot.slack.press(AIKO, answer, SHARE)
        await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) == 2)
        bot.vantage.mended = True
        await bot.slack.say(BEN, JOINED, "@tlscheck check again", thread_ts=alert.ts)
        await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) == 5)
        head, shared, _, changed, done = shown_to_all(bot, JOINED)
        assert head.text == alert.text
        assert "OK: shop.example.jp" in shared.text
        assert "→" in changed.text
        assert "Checked again just now" in done.text
        assert {one.thread_ts for one in (shared, changed, done)} == {alert.ts}
        assert bot.slack.refusals == ()


async def test_in_a_thread_the_answer_stands_in_it(run: Run) -> None:
    """A message within a thread is answered there."""
    async with run() as bot:
        head = put(bot, "deploy")
        reply = put(bot, "shop.example.jp fails", thread_ts=head.ts)
        (answer,) = await choose(bot, reply, answers=1)
        assert answer.thread_ts == head.ts
        await bot.slack.press(AIKO, answer, SHARE)
        await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) == 3)
        assert shown_to_all(bot, JOINED)[-1].thread_ts == head.ts


async def test_several_servers_are_offered(run: Run) -> None:
    """The likeliest is checked; each other has a button."""
    async with run() as bot:
        alert = put(bot, "https://a.example.jp https://b.example.jp:8443 and c.example.jp")
        first, choice = await choose(bot, alert, answers=2)
        assert "a.example.jp" in first.text
        assert "2 more servers" in choice.text
        assert "b.example.jp:8443" in choice.words()
        assert [one.target.host for one in bot.vantage.asked] == ["a.example.jp"]
        await bot.slack.press(AIKO, choice, CHECK)
        await bot.slack.wait_for(lambda: len(told(bot)) == 3)
        last = told(bot)[-1]
        assert "b.example.jp:8443" in last.text
        await bot.slack.press(AIKO, last, SHARE)
        await bot.slack.wait_for(lambda: len(shown_to_all(bot, JOINED)) == 2)
        assert shown_to_all(bot, JOINED)[-1].thread_ts == alert.ts
        assert bot.slack.refusals == ()


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_where_nothing_is_named_a_window_asks(run: Run, via: str) -> None:
    """What is typed there is checked; what is no server is said in the window."""
    async with run(via=via) as bot:
        await bot.slack.shortcut(AIKO, put(bot, "the shop is down"), MESSAGE_SHORTCUT)
        (view,) = await bot.slack.wait_for(lambda: bot.slack.views)
        assert view.body["callback_id"] == HOST_VIEW
        assert "names no server" in str(view.body)
        wrong = await bot.slack.submit(AIKO, view, {"tlscheck_host": "what is this?"})
        assert "errors" in str(wrong.body)
        assert bot.slack.views
        await bot.slack.submit(AIKO, view, {"tlscheck_host": "shop.example.jp"})
        await bot.slack.wait_for(lambda: told(bot))
        assert "shop.example.jp" in told(bot)[0].text
        assert bot.slack.views == ()
        assert bot.slack.refusals == ()


async def test_an_error_without_a_server_is_explained(run: Run) -> None:
    """One message, and no window."""
    async with run() as bot:
        (only,) = await choose(
            bot, put(bot, "x509: certificate signed by unknown authority"), answers=1
        )
        assert "No trusted issuer" in only.text
        assert bot.slack.views == ()


async def test_in_the_presser_s_language(run: Run) -> None:
    """Explanation, answer and window."""
    async with run(real=True) as bot:
        bot.slack.set_locale(AIKO, "ja-JP")
        (answer,) = await choose(bot, put(bot, "", blocks=blocks_of(SECTIONS)), answers=1)
        assert "中間CA証明書" in answer.text
        await bot.slack.shortcut(AIKO, put(bot, "hello"), MESSAGE_SHORTCUT)
        (view,) = await bot.slack.wait_for(lambda: bot.slack.views)
        assert "どのサーバーですか" in str(view.body)


async def test_delivered_twice_it_is_done_once(run: Run) -> None:
    """The same trigger is one wish."""
    async with run() as bot:
        delivery = await bot.slack.shortcut(AIKO, put(bot, "a.example.jp"), MESSAGE_SHORTCUT)
        assert (await bot.slack.redeliver(delivery)).outcome == "ok"
        await choose(bot, put(bot, "b.example.jp"), answers=1)
        await bot.slack.wait_for(lambda: len(told(bot)) >= 2)
        assert sorted(one.target.host for one in bot.vantage.asked) == [
            "a.example.jp",
            "b.example.jp",
        ]


async def test_a_slow_check_is_announced(run: Run) -> None:
    """Then the answer follows."""
    async with run() as bot:
        bot.vantage.gate.clear()
        await bot.slack.shortcut(AIKO, put(bot, "a.example.jp"), MESSAGE_SHORTCUT)
        (first,) = await bot.slack.wait_for(lambda: told(bot, waiting=True))
        assert "Checking a.example.jp" in first.text
        bot.vantage.gate.set()
        await bot.slack.wait_for(lambda: len(told(bot, waiting=True)) == 2)


async def test_a_failure_is_one_sentence(run: Run) -> None:
    """To the presser; and a window that cannot be opened is a sentence, too."""
    async with run() as bot:
        bot.vantage.error = RuntimeError("broken")
        (only,) = await choose(bot, put(bot, "a.example.jp"), answers=1)
        assert "went wrong" in only.text
        bot.slack.fail_next("views.open", error="expired_trigger_id")
        (said,) = await choose(bot, put(bot, "nothing here"), answers=1)
        assert "names no server" in said.text


async def test_a_forged_window_does_nothing(run: Run) -> None:
    """What a window carries is read as strictly as a button."""
    async with run() as bot:
        await bot.slack.shortcut(AIKO, put(bot, "hello"), MESSAGE_SHORTCUT)
        (view,) = await bot.slack.wait_for(lambda: bot.slack.views)
        forged = replace(view, body={**view.body, "private_metadata": '{"lang": "xx"}'})
        bot.slack.workspace.views[view.id] = forged
        await bot.slack.submit(AIKO, view, {"tlscheck_host": "shop.example.jp"})
        assert bot.vantage.asked == []
