"""The letter's window: opened, chosen in, sent to the asker, over both transports."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.demo.slack.values import Message, View
from bot.demo.slack.workspace import AIKO, BEN
from bot.texts.catalogue import catalogue
from handlers.asking.press import LETTER, SHARE
from handlers.slack import limits
from handlers.windows.letter import CHOOSE_LANG, CHOOSE_SOFTWARE, in_parts
from tests.handlers.asking.test_pressed import JOINED, NOT_JOINED, answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.samples import PEM


def _shown(view: View) -> dict[str, str]:
    """What stands in the window's fields, by label."""
    return {
        block["label"]["text"]: block["element"]["initial_value"]
        for block in view.body["blocks"]
        if block["type"] == "input"
    }


async def _written(bot: Running, subject: str) -> View:
    """The window once a letter with such a subject stands in it."""

    def found() -> View | None:
        return next(
            (
                one
                for one in bot.slack.views
                if any(text.startswith(subject) for text in _shown(one).values())
            ),
            None,
        )

    view = await bot.slack.wait_for(found)
    assert view is not None
    return view


async def _said(bot: Running, words: str) -> View:
    view = await bot.slack.wait_for(
        lambda: next((one for one in bot.slack.views if words in str(one.body)), None)
    )
    assert view is not None
    return view


def _in_dm(bot: Running) -> tuple[Message, ...]:
    return bot.slack.messages("dm", AIKO)


@pytest.mark.parametrize("channel", [JOINED, NOT_JOINED, "dm"])
async def test_the_letter_opens_in_a_window(bot: Running, channel: str) -> None:
    """With its text to copy, the asker's name under it, and the file that will come along."""
    message = await answer(bot, channel)
    assert (await bot.slack.press(AIKO, message, LETTER)).outcome == "ok"
    view = await _written(bot, "shop.example.jp: part of the certificate file")
    shown = _shown(view)
    text = "\n\n".join(one for label, one in shown.items() if label != "Subject")
    assert text.startswith("Hello,\n\nI am writing to whoever looks after the server")
    assert text.rstrip().endswith(AIKO.real_name)
    assert "shop.example.jp.fullchain.pem" in str(view.body["blocks"][-1])
    assert view.body["submit"]["text"] == "Send to me"
    assert bot.slack.refusals == ()


async def test_another_language_and_software_can_be_chosen(bot: Running) -> None:
    """The same window shows the other letter; the fields are new ones, so no old text stays."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, LETTER)
    view = await _written(bot, "shop.example.jp: part")
    names = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    await bot.slack.press(AIKO, view, CHOOSE_LANG, option="ja")
    japanese = await _written(bot, "【ご連絡】shop.example.jp")
    assert japanese.id == view.id
    assert names.isdisjoint(block["block_id"] for block in japanese.body["blocks"])
    await bot.slack.press(AIKO, japanese, CHOOSE_SOFTWARE, option="haproxy")
    chosen = await bot.slack.wait_for(
        lambda: next((one for one in bot.slack.views if "HAProxy" in str(_shown(one))), None)
    )
    assert chosen is not None
    assert "ssl_certificate " not in str(_shown(chosen))
    assert bot.slack.refusals == ()


async def test_the_letter_is_sent_to_the_asker(bot: Running) -> None:
    """As it stands in the window, with what the asker changed, and the chain as a file."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, LETTER)
    view = await _written(bot, "shop.example.jp: part")
    field = next(
        block["element"]
        for block in view.body["blocks"]
        if block["type"] == "input" and block["element"]["multiline"]
    )
    changed = field["initial_value"].replace("Hello,", "Dear Mr Sato,")
    await bot.slack.submit(AIKO, view, {field["action_id"]: changed})
    await _said(bot, "The letter is in your direct messages")
    (sent, *_) = _in_dm(bot)
    assert "Dear Mr Sato," in str(sent.blocks)
    assert "part of the certificate file is missing" in str(sent.blocks)
    (file,) = bot.slack.files
    assert file.name == "shop.example.jp.fullchain.pem"
    assert file.content.decode() == PEM * 2
    assert bot.slack.refusals == ()


async def test_anybody_may_press_on_a_shared_answer(bot: Running) -> None:
    """The letter is then signed by whoever pressed."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, SHARE)
    (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
    await bot.slack.press(BEN, shared, LETTER)
    view = await _written(bot, "shop.example.jp: part")
    assert view.user == BEN.id
    assert BEN.real_name in str(_shown(view))


async def test_a_result_that_is_gone_is_checked_anew(bot: Running) -> None:
    """The window tells what is true now, also that nothing is wrong any more."""
    message = await answer(bot)
    blocks: list[Any] = [dict(block) for block in message.blocks]
    row = next(block for block in blocks if block["type"] == "actions")
    row["elements"] = [
        {**one, "value": json.dumps({**json.loads(one["value"]), "result": "gone"})}
        for one in row["elements"]
    ]

    bot.slack.workspace.put(replace(message, blocks=tuple(blocks)))
    await bot.slack.press(AIKO, message, LETTER)
    await _written(bot, "shop.example.jp: part")


async def test_a_failure_is_told_in_the_window(bot: Running) -> None:
    """Slack refuses direct messages: the window says how to get at the text all the same."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, LETTER)
    view = await _written(bot, "shop.example.jp: part")
    bot.slack.fail_next("conversations.open", error="missing_scope")
    await bot.slack.submit(AIKO, view)
    await _said(bot, "did not let me send you a message. tlscheck lacks a permission")
    assert _in_dm(bot) == ()


async def test_the_file_that_slack_does_not_take_is_told(bot: Running) -> None:
    """The letter is there without it."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, LETTER)
    view = await _written(bot, "shop.example.jp: part")
    bot.slack.fail_next("files.getUploadURLExternal", error="missing_scope")
    await bot.slack.submit(AIKO, view)
    await _said(bot, "Slack did not take the file shop.example.jp.fullchain.pem")
    assert len(_in_dm(bot)) >= 1


async def test_a_window_of_another_version_gets_one_sentence(bot: Running) -> None:
    """Its metadata is checked like any other input."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, LETTER)
    view = await _written(bot, "shop.example.jp: part")

    forged = replace(view, body={**view.body, "private_metadata": '{"press": 1}'})
    bot.slack.workspace.views[view.id] = forged
    await bot.slack.press(AIKO, forged, CHOOSE_LANG, option="ja")
    await _said(bot, catalogue("en").text("slack.press.unknown"))


def test_a_long_letter_stands_in_several_fields() -> None:
    """Cut between paragraphs, none longer than Slack takes, and nothing lost."""
    text = "\n\n".join(f"{number} " + "x" * 700 for number in range(12))
    parts = in_parts(text)
    assert "\n\n".join(parts) == text
    assert all(len(one) <= limits.INPUT_VALUE for one in parts)
    assert len(parts) == 3
    endless = in_parts("y" * 7000)
    assert [len(one) for one in endless] == [3000, 3000, 1000]


async def test_japanese_speakers_are_answered_in_japanese(run: Run) -> None:
    """The locale of Slack decides; the acknowledgement does not wait when it is slow to come."""
    async with run() as bot:
        bot.slack.set_locale(AIKO, "ja-JP")
        message = await answer(bot)
        assert "中間CA証明書が送信されていません" in str(message.blocks)
        assert "--lang ja" in str(message.blocks)


async def test_the_setting_is_stronger_than_the_locale(run: Run) -> None:
    """TLSCHECK_LANG is spoken to everybody, and --lang is stronger still."""
    async with run(tlscheck_lang="en") as bot:
        bot.slack.set_locale(AIKO, "ja-JP")
        assert "its intermediate certificate" in str((await answer(bot)).blocks)
        chosen = await answer(bot, text="shop.example.jp --lang ja")
        assert "中間CA証明書" in str(chosen.blocks)


async def test_without_the_scope_everybody_is_answered_all_the_same(run: Run) -> None:
    """An app without users:read is told about once in the log, not to each asker."""
    async with run() as bot:
        bot.slack.set_locale(AIKO, "ja-JP")
        bot.slack.fail_next("users.info", error="missing_scope")
        for _ in range(3):
            assert "its intermediate certificate" in str((await answer(bot)).blocks)
        asked = [one for one in bot.slack.calls if one.method == "users.info"]
        assert len(asked) == 1
