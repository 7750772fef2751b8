"""Commands, buttons, modals and events over HTTP, answered by a real Bolt app."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.demo.slack import StandIn
from tests.demo.slack.conftest import served, stand_in

BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*expired* since yesterday"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "tlscheck_share",
                "text": {"type": "plain_text", "text": "Share"},
                "value": "shop.example.jp",
            }
        ],
    },
]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "watch",
    "title": {"type": "plain_text", "text": "Watch"},
    "submit": {"type": "plain_text", "text": "OK"},
    "blocks": [
        {
            "type": "input",
            "block_id": "host",
            "label": {"type": "plain_text", "text": "Host"},
            "element": {"type": "plain_text_input", "action_id": "host"},
        }
    ],
}


@pytest.fixture
async def bot(slack: StandIn, app: AsyncApp) -> AsyncIterator[AsyncApp]:
    """The app, reachable for the stand-in."""
    async with served(app) as url:
        slack.events_url = url
        yield app


async def test_ack_text_is_seen_by_the_asker_only(slack: StandIn, bot: AsyncApp) -> None:
    """What a command is acknowledged with is an ephemeral message for the asker."""
    seen: list[dict[str, Any]] = []

    @bot.command("/tlscheck")
    async def answer(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack(text="expired", blocks=BUTTONS)

    delivery = await slack.command("aiko", "incident-shop", "shop.example.jp")

    assert delivery.outcome == "ok"
    assert delivery.status == 200
    assert [m.text for m in slack.messages("incident-shop", viewer="aiko")] == ["expired"]
    assert slack.messages("incident-shop", viewer="ben") == ()
    assert seen[0]["text"] == "shop.example.jp"
    assert seen[0]["channel_name"] == "incident-shop"
    assert seen[0]["user_name"] == "aiko"
    assert set(seen[0]) >= {"team_id", "team_domain", "channel_id", "user_id", "api_app_id"}
    assert set(seen[0]) >= {"token", "response_url", "trigger_id", "is_enterprise_install"}
    assert not slack.refusals


async def test_in_channel_ack_shows_the_command_too(slack: StandIn, bot: AsyncApp) -> None:
    """An in_channel acknowledgement is seen by all, under the command that was typed."""

    @bot.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await ack(text="all well", response_type="in_channel")

    await slack.command("aiko", "general", "shop.example.jp")

    shown = slack.messages("general", viewer="ben")
    assert [m.text for m in shown] == ["/tlscheck shop.example.jp", "all well"]


async def test_private_places_hide_their_names(slack: StandIn, bot: AsyncApp) -> None:
    """Private channels are called privategroup, direct messages directmessage."""
    names = []

    @bot.command("/tlscheck")
    async def answer(ack: Any, body: dict[str, Any]) -> None:
        names.append(body["channel_name"])
        await ack()

    await slack.command("aiko", "security-private", "x")
    await slack.command("aiko", "dm", "x")

    assert names == ["privategroup", "directmessage"]


async def test_silence_is_an_operation_timeout(app: AsyncApp) -> None:
    """A bot that does not answer in time leaves the error that Slack shows."""
    async with stand_in(ack_seconds=0.2) as slack, served(app) as url:
        slack.events_url = url
        released = asyncio.Event()

        @app.command("/tlscheck")
        async def answer(ack: Any) -> None:
            await released.wait()
            await ack()

        delivery = await slack.command("aiko", "incident-shop", "x")
        released.set()

        assert delivery.outcome == "operation_timeout"
        [shown] = slack.messages("incident-shop", viewer="aiko")
        assert shown.text == '/tlscheck failed with the error "operation_timeout"'
        assert slack.messages("incident-shop") == ()


async def test_unreachable_bot_is_a_dispatch_failure(slack: StandIn) -> None:
    """Without any way to the bot the person reads dispatch_failed."""
    delivery = await slack.command("aiko", "incident-shop", "x")

    assert delivery.outcome == "dispatch_failed"
    assert "dispatch_failed" in slack.messages("incident-shop", viewer="aiko")[0].text


async def test_stale_signature_is_refused_by_bolt(slack: StandIn, bot: AsyncApp) -> None:
    """The signatures are real ones: one that is six minutes old is answered with 401."""
    old = datetime.now(UTC) - timedelta(minutes=6)

    delivery = await slack.command("aiko", "incident-shop", "x", signed_at=old)

    assert delivery.status == 401


async def test_the_same_command_can_arrive_twice(slack: StandIn, bot: AsyncApp) -> None:
    """A second delivery carries the same trigger_id and response_url."""
    seen = []

    @bot.command("/tlscheck")
    async def answer(ack: Any, body: dict[str, Any]) -> None:
        seen.append((body["trigger_id"], body["response_url"]))
        await ack()

    first = await slack.command("aiko", "incident-shop", "x")
    await slack.redeliver(first)

    assert len(seen) == 2
    assert seen[0] == seen[1]


async def test_press_on_an_ephemeral_message(slack: StandIn, bot: AsyncApp) -> None:
    """A press carries the button's value but not the message; respond replaces the original."""
    pressed: list[dict[str, Any]] = []

    @bot.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await ack(text="expired", blocks=BUTTONS)

    @bot.action("tlscheck_share")
    async def share(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        pressed.append(body)
        await respond(text="shared", replace_original=True)
        await respond(text="expired", response_type="in_channel", replace_original=False)

    shown = (await slack.command("aiko", "general", "x")).message
    assert shown is not None
    delivery = await slack.press("aiko", shown, "tlscheck_share")
    await slack.wait_for(lambda: slack.messages("general"))

    assert delivery.outcome == "ok"
    assert "message" not in pressed[0]
    assert pressed[0]["container"]["is_ephemeral"] is True
    assert pressed[0]["actions"][0]["value"] == "shop.example.jp"
    assert pressed[0]["actions"][0]["block_id"] == shown.blocks[1]["block_id"]
    assert [m.text for m in slack.messages("general", viewer="aiko")] == ["shared", "expired"]
    assert [m.text for m in slack.messages("general", viewer="ben")] == ["expired"]
    with pytest.raises(LookupError, match="nothing to press"):
        await slack.press("aiko", shown, "tlscheck_share")


async def test_ben_cannot_press_what_only_aiko_sees(slack: StandIn, bot: AsyncApp) -> None:
    """An ephemeral message is not there for anybody else."""

    @bot.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await ack(text="expired", blocks=BUTTONS)

    shown = (await slack.command("aiko", "general", "x")).message
    assert shown is not None
    with pytest.raises(LookupError, match="not there for this user"):
        await slack.press("ben", shown, "tlscheck_share")


async def test_press_on_a_shared_message_carries_it(slack: StandIn, bot: AsyncApp) -> None:
    """The payload of a press on a shared message holds the message as it stands."""
    pressed: list[dict[str, Any]] = []

    @bot.action("tlscheck_share")
    async def share(ack: Any, body: dict[str, Any]) -> None:
        pressed.append(body)
        await ack()

    await bot.client.chat_postMessage(channel="C0INCIDENT", text="expired", blocks=BUTTONS)
    [message] = slack.messages("incident-shop")
    await slack.press("ben", message, "tlscheck_share")

    assert pressed[0]["message"]["text"] == "expired"
    assert pressed[0]["message"]["ts"] == message.ts
    assert pressed[0]["container"]["is_ephemeral"] is False


async def test_modal_is_opened_refused_and_closed(slack: StandIn, bot: AsyncApp) -> None:
    """A modal opens by trigger, shows errors beside its inputs, and closes when accepted."""
    hosts = []

    @bot.command("/tlscheck")
    async def answer(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bot.view("watch")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        host = view["state"]["values"]["host"]["host"]["value"]
        if not host:
            await ack(response_action="errors", errors={"host": "Which host?"})
            return
        hosts.append(host)
        await ack()

    await slack.command("aiko", "incident-shop", "watch")
    [view] = await slack.wait_for(lambda: slack.views)
    assert view.callback_id == "watch"

    await slack.submit("aiko", view)
    assert slack.views[0].errors == {"host": "Which host?"}
    await slack.submit("aiko", values={"host": "shop.example.jp"})

    assert slack.views == ()
    assert hosts == ["shop.example.jp"]
    assert not slack.refusals


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ({}, ["below"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": MODAL | {"callback_id": "new"}}, ["below", "new"]),
        (
            {"response_action": "push", "view": MODAL | {"callback_id": "new"}},
            ["below", "watch", "new"],
        ),
    ],
    ids=["close", "clear", "update", "push"],
)
async def test_answers_to_a_submission(
    slack: StandIn, bot: AsyncApp, answer: dict[str, Any], left: list[str]
) -> None:
    """Each response_action leaves the modals that Slack would leave."""

    @bot.command("/tlscheck")
    async def two_modals(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        below = MODAL | {"callback_id": "below"}
        await client.views_open(trigger_id=body["trigger_id"], view=below)

    @bot.view("below")
    async def on_top(ack: Any) -> None:
        await ack(response_action="push", view=MODAL)

    @bot.view("watch")
    async def submitted(ack: Any) -> None:
        await ack(**answer)

    await slack.command("aiko", "dm")
    await slack.wait_for(lambda: slack.views)
    await slack.submit("aiko")
    await slack.submit("aiko")

    assert [view.callback_id for view in slack.views] == left
    assert not slack.refusals


async def test_fourth_modal_is_refused(slack: StandIn, bot: AsyncApp) -> None:
    """A stack holds three modals."""

    async def push() -> None:
        trigger_id = (await slack.command("aiko", "dm")).payload["trigger_id"]
        await bot.client.views_push(trigger_id=trigger_id, view=MODAL)

    for _ in range(3):
        await push()
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await push()


async def test_closing_is_told_when_asked_for(slack: StandIn, bot: AsyncApp) -> None:
    """A modal with notify_on_close tells the bot that it was closed."""
    closed = []

    @bot.view_closed("watch")
    async def told(ack: Any, body: dict[str, Any]) -> None:
        closed.append(body["is_cleared"])
        await ack()

    trigger_id = (await slack.command("aiko", "dm")).payload["trigger_id"]
    await bot.client.views_open(trigger_id=trigger_id, view=MODAL | {"notify_on_close": True})
    await slack.close("aiko", slack.views[0])

    assert closed == [False]
    assert slack.views == ()


async def test_invalid_ack_is_refused_and_told(slack: StandIn, bot: AsyncApp) -> None:
    """An acknowledgement that Slack would refuse is an error for the person, and on record."""

    @bot.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await ack(text="x", blocks=[{"type": "hologram"}])

    delivery = await slack.command("aiko", "dm")

    assert delivery.outcome == "invalid_response"
    assert slack.refusals[0].surface == "ack"
    assert "invalid_blocks" in slack.messages("dm", viewer="aiko")[0].text


async def test_mention_reaches_the_bot(slack: StandIn, bot: AsyncApp) -> None:
    """A mention in a thread is delivered as app_mention with its thread_ts."""
    heard: list[dict[str, Any]] = []

    @bot.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        heard.append(event)
        await say(text="because", thread_ts=event["thread_ts"])

    await bot.client.chat_postMessage(channel="C0INCIDENT", text="expired")
    [parent] = slack.messages("incident-shop")
    await slack.say("ben", "incident-shop", "@tlscheck why", thread_ts=parent.ts)
    await slack.wait_for(lambda: len(slack.messages("incident-shop")) == 3)

    assert heard[0]["text"] == "<@U0TLSCHECK> why"
    assert slack.messages("incident-shop")[-1].thread_ts == parent.ts


async def test_event_again_carries_its_retry_headers(slack: StandIn, bot: AsyncApp) -> None:
    """An event that is sent again says so in Slack's headers."""
    headers: list[Any] = []

    @bot.event("app_mention")
    async def mentioned(request: Any) -> None:
        headers.append(request.headers.get("x-slack-retry-num"))

    event = {"type": "app_mention", "user": "U0BEN", "text": "x", "channel": "C0INCIDENT"}
    await slack.event(event, event_id="Ev1")
    await slack.event(event, event_id="Ev1", retry_attempt=1, retry_reason="http_timeout")
    await slack.wait_for(lambda: len(headers) == 2)

    assert headers == [None, ["1"]]


async def test_message_shortcut(slack: StandIn, bot: AsyncApp) -> None:
    """A message shortcut carries the message on which it was chosen."""
    texts = []

    @bot.shortcut("tlscheck_message")
    async def chosen(ack: Any, body: dict[str, Any]) -> None:
        texts.append(body["message"]["text"])
        await ack()

    message = await slack.say("ben", "incident-shop", "curl: (60) SSL certificate problem")
    await slack.shortcut("aiko", message, "tlscheck_message")

    assert texts == ["curl: (60) SSL certificate problem"]
