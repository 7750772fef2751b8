"""`/tlscheck explain` from the signed payload to the usual answer behind its button."""

import json

import pytest

from bot.demo.slack.validation import examine_message
from bot.demo.slack.workspace import AIKO, BEN
from bot.texts import LANGS, Lang
from handlers.asking.command import Explain, parse_command
from handlers.asking.press import CHECK
from handlers.slack.limits import MESSAGE_CHARACTERS
from handlers.talking.explain import VIEW, explain_message
from tests.explain.test_explain import KNOWN
from tests.handlers.conftest import Run, Running

LINE = "curl: (60) SSL certificate problem: unable to get local issuer certificate"
PASTE = f"$ curl https://shop.example.jp/\n{LINE}"


async def test_a_line_is_explained_to_the_asker(bot: Running) -> None:
    """One message in the acknowledgement: the causes, the next steps, a button."""
    delivery = await bot.slack.command(AIKO, "incident-shop", f"explain {PASTE}")
    assert delivery.message is not None
    assert delivery.message.ephemeral_to == AIKO.id
    shown = str(delivery.message.blocks)
    for part in ("No trusted issuer was found", "most likely", "Printed by curl.", LINE):
        assert part in shown
    assert "Check shop.example.jp" in shown
    assert bot.vantage.asked == []
    assert bot.slack.messages("incident-shop", BEN) == ()
    assert bot.slack.refusals == ()


async def test_the_button_answers_as_a_check_does(bot: Running) -> None:
    """The press checks the named server; the explanation stays above the answer."""
    delivery = await bot.slack.command(AIKO, "incident-shop", f"explain {PASTE}")
    assert delivery.message is not None
    await bot.slack.press(AIKO, delivery.message, CHECK)
    await bot.slack.wait_for(lambda: len(bot.slack.messages("incident-shop", AIKO)) == 2)
    first, last = bot.slack.messages("incident-shop", AIKO)
    assert "No trusted issuer" in first.text
    assert "does not send its intermediate" in last.text
    assert last.ephemeral_to == AIKO.id
    assert [one.target.host for one in bot.vantage.asked] == ["shop.example.jp"]
    assert bot.slack.refusals == ()


async def test_a_slow_check_is_announced(run: Run) -> None:
    """Whoever pressed is told that the check is under way."""
    async with run() as bot:
        bot.vantage.gate.clear()
        delivery = await bot.slack.command(AIKO, "incident-shop", f"explain {PASTE}")
        assert delivery.message is not None
        await bot.slack.press(AIKO, delivery.message, CHECK)
        await bot.slack.wait_for(lambda: len(bot.slack.messages("incident-shop", AIKO)) == 2)
        assert "Checking shop.example.jp…" in bot.slack.messages("incident-shop", AIKO)[-1].text
        bot.vantage.gate.set()
        await bot.slack.wait_for(lambda: len(bot.slack.messages("incident-shop", AIKO)) == 3)
        assert bot.slack.refusals == ()


async def test_many_lines_are_pasted_into_a_window(bot: Running) -> None:
    """Without a text a window opens; its submission is answered where it was asked for."""
    await bot.slack.command(AIKO, "incident-shop", "explain --lang ja")
    (view,) = await bot.slack.wait_for(lambda: bot.slack.views)
    assert view.body["callback_id"] == VIEW
    empty = await bot.slack.submit(AIKO, view, {"tlscheck_explain_text": "  \n "})
    assert empty.outcome == "ok"
    assert "貼り付けてください" in str(bot.slack.view(view).errors)
    await bot.slack.submit(AIKO, view, {"tlscheck_explain_text": PASTE})
    (message,) = await bot.slack.wait_for(lambda: bot.slack.messages("incident-shop", AIKO))
    assert "信頼できる発行元が見つかりません" in message.text
    assert message.ephemeral_to == AIKO.id
    assert bot.slack.views == ()
    assert bot.slack.refusals == ()


async def test_a_window_that_does_not_open_is_told(bot: Running) -> None:
    """Slack's refusal of the window becomes a sentence."""
    bot.slack.fail_next("views.open", error="expired_trigger_id")
    await bot.slack.command(AIKO, "incident-shop", "explain")
    (message,) = await bot.slack.wait_for(lambda: bot.slack.messages("incident-shop", AIKO))
    assert "three seconds" in message.text


async def test_what_is_pasted_is_kept_nowhere(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the log nor Redis nor a button holds a secret of the pasted text."""
    secret = "hunter2hunter2"
    text = f"explain Authorization: Bearer {secret} https://bob:{secret}@shop.example.jp/ {LINE}"
    async with run(via="http") as bot:
        delivery = await bot.slack.command(AIKO, "incident-shop", text)
        assert delivery.message is not None
        assert secret not in str(delivery.message.blocks)
        await bot.slack.press(AIKO, delivery.message, CHECK)
        await bot.slack.wait_for(lambda: len(bot.slack.messages("incident-shop", AIKO)) == 2)
    captured = capsys.readouterr()
    assert secret not in captured.out + captured.err


@pytest.mark.parametrize("lang", LANGS)
def test_every_explanation_is_a_message_that_slack_takes(lang: Lang) -> None:
    """Known lines, hostile ones and long ones keep within Slack's limits."""
    hostile = "<!channel> *x* :fire: https://" + "a" * 63 + ".example.jp/ certificate has expired "
    for text in [*(one[3] for one in KNOWN), "", hostile, hostile * 200]:
        message = explain_message(text, lang)
        body = {"text": message.text, "blocks": list(message.blocks)}
        assert examine_message(body) is None
        assert message.size() < MESSAGE_CHARACTERS
        assert "<!channel>" not in message.text
        assert '"mrkdwn"' not in json.dumps(body)


@pytest.mark.parametrize(
    ("typed", "lang", "text"),
    [
        (f"explain {LINE}", "en", LINE),
        (f"  EXPLAIN   {PASTE}", "en", PASTE),
        (f"explain --lang ja {LINE}", "ja", LINE),
        (f"explain {LINE} --lang ja", "ja", LINE),
        ("explain curl --lang xx", "en", "curl --lang xx"),
        ("explain", "en", ""),
        (f"説明 {LINE}", "en", LINE),
        ("explain " + "x" * 5000, "en", "x" * 5000),
    ],
)
def test_the_command_is_read(typed: str, lang: Lang, text: str) -> None:
    """What stands behind the word is taken as it was pasted."""
    assert parse_command(typed, "en") == Explain(lang, text)


def test_a_host_of_that_name_is_a_host() -> None:
    """`explain.example.jp` is checked."""
    assert not isinstance(parse_command("explain.example.jp", "en"), Explain)
