"""response_url: five uses in thirty minutes, and what replaces what."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.demo.slack import StandIn
from tests.demo.slack.conftest import stand_in


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The stand-in's clock."""
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[StandIn]:
    """A stand-in with the movable clock and no bot: commands only give their response_url."""
    async with stand_in(clock=clock) as opened:
        yield opened


async def answer_to(slack: StandIn, channel: str = "general") -> AsyncWebhookClient:
    """The SDK's client for the response_url of a command of Aiko's."""
    delivery = await slack.command("aiko", channel, "x")
    return AsyncWebhookClient(delivery.response_url)


def seen(slack: StandIn, viewer: str) -> list[str]:
    """What the bot said, for this viewer."""
    return [m.text for m in slack.messages("general", viewer=viewer) if m.bot_id]


async def test_five_uses(slack: StandIn) -> None:
    """The sixth use is refused with used_url."""
    hook = await answer_to(slack)
    answers = [await hook.send(text=str(number)) for number in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5].body
    assert seen(slack, "aiko") == ["0", "1", "2", "3", "4"]
    assert seen(slack, "ben") == []


@pytest.mark.parametrize(("minutes", "status"), [(30, 200), (31, 404)])
async def test_thirty_minutes(slack: StandIn, clock: Clock, minutes: int, status: int) -> None:
    """After half an hour the address is expired_url."""
    hook = await answer_to(slack)
    clock.now += timedelta(minutes=minutes)

    answer = await hook.send(text="late")

    assert answer.status_code == status
    assert ("expired_url" in answer.body) is (status == 404)


async def test_in_channel_works_where_the_bot_is_no_member(slack: StandIn) -> None:
    """An in_channel answer is seen by all, without membership."""
    hook = await answer_to(slack)
    await hook.send(text="shared", response_type="in_channel")

    assert seen(slack, "ben") == ["shared"]


async def test_replace_original_does_nothing_for_a_command(slack: StandIn) -> None:
    """A slash command's address posts anew whatever replace_original says, and that is noted."""
    hook = await answer_to(slack)
    await hook.send(text="checking")
    await hook.send(text="done", replace_original=True)

    assert seen(slack, "aiko") == ["checking", "done"]
    assert "does nothing" in slack.warnings[-1].text


async def test_unknown_address(slack: StandIn) -> None:
    """An invented address is no service."""
    answer = await AsyncWebhookClient(f"{slack.url}commands/T1/nope").send(text="x")

    assert answer.status_code == 404


async def test_nothing_to_say_is_refused(slack: StandIn) -> None:
    """An answer without text and blocks is no_text, and counted as a refusal."""
    hook = await answer_to(slack)
    answer = await hook.send(text="")

    assert (answer.status_code, answer.body) == (400, "no_text")
    assert slack.refusals[-1].error == "no_text"


async def test_interaction_address_replaces_and_deletes(slack: StandIn) -> None:
    """The address of a press replaces the pressed message, deletes it, or posts beside it."""
    button = {
        "type": "button",
        "action_id": "a",
        "text": {"type": "plain_text", "text": "Again"},
    }
    blocks = [{"type": "actions", "elements": [button]}]
    hook = await answer_to(slack)
    await hook.send(text="first", blocks=blocks)
    original = slack.messages("general", viewer="aiko")[-1]
    pressed = AsyncWebhookClient((await slack.press("aiko", original, "a")).response_url)

    await pressed.send(text="beside", replace_original=False)
    await pressed.send(text="second", replace_original=True)
    assert seen(slack, "aiko") == ["second", "beside"]
    await pressed.send_dict({"delete_original": True})
    assert seen(slack, "aiko") == ["beside"]


async def test_answer_into_a_thread(slack: StandIn) -> None:
    """An answer may go into a thread."""
    parent = await slack.say("aiko", "general", "look")
    hook = await answer_to(slack)
    await hook.send_dict({"text": "reply", "response_type": "in_channel", "thread_ts": parent.ts})

    assert slack.messages("general")[-1].thread_ts == parent.ts


async def test_failure_can_be_put_before_an_answer(slack: StandIn) -> None:
    """fail_next works for response URLs too."""
    hook = await answer_to(slack)
    slack.fail_next("response_url", status=500)

    assert (await hook.send(text="x")).status_code == 500
    assert (await hook.send(text="x")).status_code == 200
