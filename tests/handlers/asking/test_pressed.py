"""The buttons, pressed through the stand-in over both transports."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.press import DETAILS, FIX, FULL_CHAIN, LETTER, RECHECK, SHARE, WATCH
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import PEM

JOINED = "incident-shop"
NOT_JOINED = "general"


async def answer(bot: Running, channel: str = JOINED, text: str = "shop.example.jp") -> Message:
    """Ask, and take the answer."""
    delivery = await bot.slack.command(AIKO, channel, text)
    assert delivery.message is not None
    return delivery.message


def shown_to_all(bot: Running, channel: str) -> tuple[Message, ...]:
    """What everybody in the channel sees."""
    return tuple(one for one in bot.slack.messages(channel) if one.ephemeral_to is None)


def action_ids(message: Message) -> list[str]:
    """The buttons of a message."""
    return [
        str(element["action_id"])
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@pytest.mark.parametrize("channel", [JOINED, NOT_JOINED, "dm"])
async def test_share_posts_the_answer_for_all(bot: Running, channel: str) -> None:
    """With who shared it; also where the bot is no member. The shared one has no Share button."""
    message = await answer(bot, channel)
    assert action_ids(message) == [SHARE, FULL_CHAIN, FIX, LETTER, WATCH, DETAILS, RECHECK]
    assert (await bot.slack.press(AIKO, message, SHARE)).outcome == "ok"
    where = bot.slack.workspace.channel(channel, user=AIKO).id
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, where))
    assert f"<@{AIKO.id}>" in str(shared.blocks)
    assert "Broken: shop.example.jp" in str(shared.blocks)
    assert action_ids(shared) == [FULL_CHAIN, FIX, LETTER, WATCH, DETAILS, RECHECK]
    assert [one for one in bot.slack.refusals if one.error not in EXPECTED] == []


EXPECTED = {"not_in_channel", "channel_not_found"}


async def test_share_pressed_twice_posts_once(bot: Running) -> None:
    """The second press is told so."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(
        lambda: "already been shared" in bot.slack.messages(JOINED, AIKO)[-1].text
    )
    assert len(shown_to_all(bot, JOINED)) == 1


async def test_a_press_delivered_twice_is_done_once(bot: Running) -> None:
    """Slack may deliver a press twice; nobody sees that."""
    message = await answer(bot)
    delivery = await bot.slack.press(AIKO, message, SHARE)
    again = await bot.slack.redeliver(delivery)
    assert again.outcome == "ok"
    await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
    await asyncio.gather(*(bot.slack.command(AIKO, JOINED, "help") for _ in range(2)))
    assert len(shown_to_all(bot, JOINED)) == 1
    assert not any("already" in one.text for one in bot.slack.messages(JOINED, AIKO))


async def test_a_share_that_failed_can_be_tried_again(bot: Running) -> None:
    """One clear sentence, and the next press works."""
    message = await answer(bot)
    bot.slack.fail_next("chat.postMessage", error="restricted_action")
    bot.slack.fail_next("response_url", status=403, error="restricted_action")
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(
        lambda: "do not let tlscheck do that" in bot.slack.messages(JOINED, AIKO)[-1].text
    )
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))


async def test_check_again_replaces_the_asker_s_answer(bot: Running) -> None:
    """A new check runs, and its answer stands in the place of the old one."""
    message = await answer(bot)
    bot.vantage.no_chain = True
    await bot.slack.press(AIKO, message, RECHECK)

    def replaced() -> bool:
        messages = bot.slack.messages(JOINED, AIKO)
        return len(messages) == 1 and FULL_CHAIN not in action_ids(messages[0])

    await bot.slack.wait_for(replaced)
    assert len(bot.vantage.asked) == 2
    assert bot.slack.refusals == ()


async def test_check_again_on_a_shared_answer_updates_it_for_all(bot: Running) -> None:
    """Who shared it stays; another person may press."""
    message = await answer(bot, NOT_JOINED)
    await bot.slack.press(AIKO, message, SHARE)
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, NOT_JOINED))
    bot.vantage.no_chain = True
    await bot.slack.press(BEN, shared, RECHECK)

    def replaced() -> bool:
        (only,) = shown_to_all(bot, NOT_JOINED)
        return FULL_CHAIN not in action_ids(only) and f"<@{AIKO.id}>" in str(only.blocks)

    await bot.slack.wait_for(replaced)


async def test_while_checking_again_the_old_answer_says_so(bot: Running) -> None:
    """A slow new check leaves the old answer visible, marked as such and without buttons."""
    message = await answer(bot)
    bot.vantage.gate.clear()
    await bot.slack.press(AIKO, message, RECHECK)

    def marked() -> Message | None:
        (only,) = bot.slack.messages(JOINED, AIKO)
        return only if "Checking again" in str(only.blocks) else None

    interim = await bot.slack.wait_for(marked)
    assert interim is not None
    assert "Broken: shop.example.jp" in str(interim.blocks)
    assert action_ids(interim) == []
    bot.vantage.gate.set()
    await bot.slack.wait_for(lambda: SHARE in action_ids(bot.slack.messages(JOINED, AIKO)[0]))


async def test_a_failing_new_check_puts_the_old_answer_back(bot: Running) -> None:
    """The old answer gets its buttons back, and one sentence says that there is no new one."""
    message = await answer(bot)
    bot.vantage.error = RuntimeError("broken")
    await bot.slack.press(AIKO, message, RECHECK)
    await bot.slack.wait_for(lambda: "went wrong" in bot.slack.messages(JOINED, AIKO)[-1].text)
    assert SHARE in action_ids(bot.slack.messages(JOINED, AIKO)[0])


async def test_details_tells_of_a_failure_in_the_view(bot: Running) -> None:
    """The person looks at the view, so the sentence stands there."""
    message = _changed(bot, await answer(bot), result=None, command="other.example.jp")
    bot.vantage.error = RuntimeError("broken")
    await bot.slack.press(AIKO, message, DETAILS)
    await bot.slack.wait_for(lambda: "went wrong" in str([view.body for view in bot.slack.views]))


@pytest.mark.parametrize("channel", [JOINED, NOT_JOINED])
async def test_the_full_chain_of_an_own_answer_comes_as_a_direct_message(
    bot: Running, channel: str
) -> None:
    """The file is in the asker's direct messages, and the asker is told so."""
    message = await answer(bot, channel)
    await bot.slack.press(AIKO, message, FULL_CHAIN)
    (file,) = await bot.slack.wait_for(lambda: bot.slack.files)
    assert file.content == (PEM * 2).encode()
    assert file.name == "shop.example.jp.fullchain.pem"
    await bot.slack.wait_for(
        lambda: "direct messages" in bot.slack.messages(channel, AIKO)[-1].text
    )
    assert any(one.file_ids for one in bot.slack.messages("dm", AIKO))
    assert bot.slack.refusals == ()


async def test_the_full_chain_of_a_shared_answer_is_posted_under_it(bot: Running) -> None:
    """In the thread, where the bot is a member."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, SHARE)
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
    await bot.slack.press(BEN, shared, FULL_CHAIN)
    await bot.slack.wait_for(lambda: bot.slack.files)
    posted = await bot.slack.wait_for(
        lambda: [one for one in shown_to_all(bot, JOINED) if one.file_ids]
    )
    assert posted[0].thread_ts == shared.ts


async def test_the_full_chain_of_a_shared_answer_is_sent_where_the_bot_is_no_member(
    bot: Running,
) -> None:
    """To the one who pressed, who need not be the one who asked."""
    message = await answer(bot, NOT_JOINED)
    await bot.slack.press(AIKO, message, SHARE)
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, NOT_JOINED))
    await bot.slack.press(BEN, shared, FULL_CHAIN)
    await bot.slack.wait_for(lambda: any(one.file_ids for one in bot.slack.messages("dm", BEN)))
    await bot.slack.wait_for(
        lambda: "direct messages" in bot.slack.messages(NOT_JOINED, BEN)[-1].text
    )


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_the_web_api_is_called_again_when_slack_asks_for_it(
    bot: Running, status: int
) -> None:
    """A share is not lost to a full or failing Slack."""
    message = await answer(bot)
    bot.slack.fail_next("chat.postMessage", status=status, retry_after=1 if status == 429 else None)
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED), timeout=10)
    assert "tlscheck_slack_retries_total{" in await bot.numbers()
    assert len(shown_to_all(bot, JOINED)) == 1


async def test_without_file_uploads_the_full_chain_is_shown_for_copying(bot: Running) -> None:
    """A missing scope is no dead end."""
    message = await answer(bot)
    bot.slack.fail_next("files.getUploadURLExternal", error="missing_scope", times=2)
    await bot.slack.press(AIKO, message, FULL_CHAIN)
    await bot.slack.wait_for(
        lambda: "BEGIN CERTIFICATE" in str(bot.slack.messages(JOINED, AIKO)[-1].blocks)
    )


def _changed(bot: Running, message: Message, **changes: Any) -> Message:
    """The message with other values in its buttons, as somebody could forge or time would make."""
    blocks = json.loads(json.dumps(message.blocks))
    for block in blocks:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            value = json.loads(element["value"]) | changes
            element["value"] = json.dumps({k: v for k, v in value.items() if v is not None})
    changed = replace(message, blocks=tuple(blocks))
    return bot.slack.workspace.put(changed)


@pytest.mark.parametrize("action", [SHARE, RECHECK, DETAILS, FULL_CHAIN])
async def test_a_press_works_after_the_stored_result_is_gone(bot: Running, action: str) -> None:
    """The button carries the question, so it is asked again."""
    message = _changed(bot, await answer(bot), result="gone")
    before = len(bot.slack.calls)
    assert (await bot.slack.press(AIKO, message, action)).outcome == "ok"
    await bot.slack.wait_for(lambda: len(bot.slack.calls) > before or len(bot.vantage.asked) == 2)
    await bot.slack.wait_for(lambda: "went wrong" not in str(bot.slack.messages(JOINED, AIKO)))


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "x --roots /etc/passwd", "result": None},
        {"command": "169.254.169.254 --allow-network 169.254.0.0/16", "result": None},
        {"command": "", "result": None},
        {"lang": "xx"},
        {"more": 1},
        {"shared": {"user": "<!channel>", "at": 1}},
    ],
)
async def test_a_forged_button_value_gets_one_sentence(
    bot: Running, changes: dict[str, Any]
) -> None:
    """A value from outside reaches nothing that a person could not have typed."""
    message = _changed(bot, await answer(bot), **changes)
    asked = len(bot.vantage.asked)
    await bot.slack.press(AIKO, message, SHARE)
    await bot.slack.wait_for(lambda: len(bot.slack.messages(JOINED, AIKO)) == 2)
    assert len(bot.vantage.asked) == asked
    assert shown_to_all(bot, JOINED) == ()


async def test_a_slow_share_is_not_lost_when_the_program_ends(run: Run) -> None:
    """What was begun is finished on the way out."""
    async with run() as bot:
        message = await answer(bot)
        await bot.slack.press(AIKO, message, SHARE)
        bot.stop.set()
        await bot.task
        assert len(shown_to_all(bot, JOINED)) == 1
