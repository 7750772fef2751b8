"""What Slack refuses: one clear line to the person, and one to the log."""

from typing import Any

import pytest
import structlog
from slack_sdk.errors import SlackApiError

from bot.demo.slack.workspace import AIKO
from bot.texts import LANGS
from handlers.asking.press import DETAILS
from handlers.slack.trouble import KIND_OF, trouble, why
from tests.handlers.conftest import Run, Running

CHANNEL = "incident-shop"

SAID = {
    "expired_trigger_id": "three seconds",
    "trigger_expired": "three seconds",
    "message_not_found": "gone",
    "is_archived": "archived",
    "not_in_channel": "/invite @tlscheck",
    "restricted_action": "do not let tlscheck do that",
    "missing_scope": "lacks a permission",
    "token_revoked": "does not accept the token of tlscheck any more",
    "account_inactive": "does not accept the token",
    "invalid_auth": "does not accept the token",
    "fatal_error": "Slack itself did not answer properly",
    "hash_conflict": "closed or changed meanwhile",
    "storage_limit_reached": "takes no more files",
}


@pytest.mark.parametrize(("word", "said"), SAID.items(), ids=list(SAID))
async def test_each_refusal_is_one_line_to_the_person_and_one_to_the_log(
    run: Run, word: str, said: str
) -> None:
    """Through the press's own address, which needs no token, and without a traceback."""
    async with run(real=True) as bot:
        asked = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert asked.message is not None
        bot.slack.fail_next("views.open", error=word)
        with structlog.testing.capture_logs() as logs:
            await bot.slack.press(AIKO, asked.message, DETAILS)
            await bot.slack.wait_for(lambda: len(bot.slack.messages(CHANNEL, AIKO)) == 2)
        told = bot.slack.messages(CHANNEL, AIKO)[-1]
        assert told.ephemeral_to == AIKO.id
        assert said in told.blocks[0]["text"]["text"]
        lines = [one for one in logs if one["log_level"] in ("warning", "error")]
        assert [(one["event"], one["reason"], one["method"]) for one in lines] == [
            ("Slack refused", word, "views.open")
        ]


async def test_slack_that_asks_to_slow_down_for_long_is_not_asked_again(bot: Running) -> None:
    """An hour's Retry-After: the person is told now, and Slack is left alone."""
    asked = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
    assert asked.message is not None
    bot.slack.fail_next("views.open", status=429, retry_after=3600)
    await bot.slack.press(AIKO, asked.message, DETAILS)
    await bot.slack.wait_for(lambda: len(bot.slack.messages(CHANNEL, AIKO)) == 2)
    assert "slow down" in bot.slack.messages(CHANNEL, AIKO)[-1].text
    assert [one.method for one in bot.slack.calls].count("views.open") == 1


async def test_a_response_address_that_asks_for_an_hour_is_left_alone(run: Run) -> None:
    """What is said earlier than Slack allows would not be heard either."""
    async with run(patience=0.0) as bot:
        bot.vantage.gate.clear()
        bot.slack.fail_next("response_url", status=429, retry_after=3600)
        with structlog.testing.capture_logs() as logs:
            await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
            bot.vantage.gate.set()
            await bot.slack.wait_for(
                lambda: [one for one in logs if one["event"] == "a person was not answered"]
            )
        (line,) = [one for one in logs if one["event"] == "a person was not answered"]
        assert line["reason"] == "rate_limited"


async def test_a_window_that_is_sent_off_twice_is_answered_once(bot: Running) -> None:
    """The same delivery over a second connection."""
    slack = bot.slack
    await slack.command(AIKO, CHANNEL, "explain")
    await slack.wait_for(lambda: slack.views)
    name = slack.views[0].body["blocks"][0]["element"]["action_id"]
    sent = await slack.submit(AIKO, None, {name: "unable to get local issuer certificate"})
    await slack.wait_for(lambda: slack.messages(CHANNEL, AIKO))
    again = await slack.redeliver(sent)
    assert again.outcome == "ok"
    await slack.command(AIKO, CHANNEL, "help")
    assert len(slack.messages(CHANNEL, AIKO)) == 2


@pytest.mark.parametrize("lang", LANGS)
def test_the_missing_scope_is_named(lang: Any) -> None:
    """To the person, who can pass it on, and in the log."""
    answer = {"ok": False, "error": "missing_scope", "needed": "files:write", "provided": "a"}
    error = SlackApiError("refused", answer)  # type: ignore[no-untyped-call] # slack_sdk gives it no types
    with structlog.testing.capture_logs() as logs:
        message = trouble(error, lang, "fullchain")
    assert message is not None
    assert "files:write" in message.text
    assert logs[0]["needed"] == "files:write"


def test_a_defect_of_ours_is_none_of_slacks() -> None:
    """Blocks that Slack does not take keep their number and their traceback."""
    error = SlackApiError("refused", {"ok": False, "error": "invalid_blocks"})  # type: ignore[no-untyped-call] # slack_sdk gives it no types
    assert trouble(error, "en", "share") is None
    assert trouble(ValueError("ours"), "en", "share") is None


@pytest.mark.parametrize("word", KIND_OF)
@pytest.mark.parametrize("lang", LANGS)
def test_every_word_has_a_sentence(word: str, lang: Any) -> None:
    """In both languages."""
    error = SlackApiError("refused", {"ok": False, "error": word})  # type: ignore[no-untyped-call] # slack_sdk gives it no types
    message = trouble(error, lang, "test")
    assert message is not None
    assert not message.text.startswith("trouble.")
    assert word not in message.text
    assert why(word, lang) not in ("", word)
