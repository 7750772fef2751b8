"""Whatever Slack refuses of a comparison, nobody is shown its raw word for it."""

import pytest
import structlog

from bot.demo.slack.methods import METHODS
from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO
from handlers.asking.press import COMPARE, COMPARE_AGAIN, COMPARE_SHARE
from tests.handlers.places.conftest import WithPlaces
from tests.handlers.test_refusals import ELSEWHERE, said

CHANNEL = "incident-shop"
HOST = "healthy.lab.test"


@pytest.mark.parametrize("word", ["channel_not_found", "a_brand_new_error"])
async def test_no_raw_word_of_slack_where_places_are_compared(
    with_places: WithPlaces, word: str
) -> None:
    """From the buttons of an answer and of a comparison, and from what is typed and said."""
    with structlog.testing.capture_logs():
        async with with_places() as bot:
            slack = bot.slack

            def offering(action: str) -> list[Message]:
                return [one for one in slack.messages(CHANNEL, AIKO) if action in one.action_ids]

            await slack.command(AIKO, CHANNEL, HOST)
            await slack.wait_for(lambda: offering(COMPARE))
            await slack.command(AIKO, CHANNEL, f"compare {HOST}")
            await slack.wait_for(lambda: offering(COMPARE_SHARE))
            places = [*offering(COMPARE), *offering(COMPARE_SHARE)]
            for method in METHODS:
                slack.fail_next(method, error=word, times=300)
            pressed = set()
            for place in places:
                for action in (COMPARE, COMPARE_AGAIN, COMPARE_SHARE):
                    if action in place.action_ids:
                        pressed.add(action)
                        await slack.press(AIKO, place, action)
            for text in (f"compare {HOST}", f"{HOST} compare share", "vantages"):
                await slack.command(AIKO, CHANNEL, text)
            await slack.say(AIKO, "dm", f"compare {HOST}")
    # The bot has ended, and with it all that it did in the background.
    assert pressed == ELSEWHERE
    assert any(one.error == word for one in slack.calls)
    assert word not in said(bot)
