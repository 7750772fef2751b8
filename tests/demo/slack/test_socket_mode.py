"""Socket Mode with Bolt's own handler: hello, envelopes, refresh, sudden loss."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.demo.slack import StandIn
from tests.demo.slack.conftest import APP_TOKEN, served, stand_in


@asynccontextmanager
async def connected(app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app with an open connection; a quick ping so that a loss is noticed soon."""
    handler = AsyncSocketModeHandler(app, APP_TOKEN, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt has no types here
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # as above


@pytest.fixture
async def bot(slack: StandIn, app: AsyncApp) -> AsyncIterator[AsyncApp]:
    """The app, connected, that answers every command with its own text."""

    @app.command("/tlscheck")
    async def answer(ack: Any, body: dict[str, Any]) -> None:
        await ack(text=f"checked {body['text']}")

    async with connected(app):
        await slack.wait_for(lambda: slack.socket.num_connections == 1)
        yield app


async def test_command_and_ack(slack: StandIn, bot: AsyncApp) -> None:
    """A command goes out in an envelope, and the acknowledgement's payload is shown."""
    delivery = await slack.command("aiko", "incident-shop", "a")

    assert delivery.transport == "socket"
    assert delivery.body == {"text": "checked a"}
    assert [m.text for m in slack.messages("incident-shop", viewer="aiko")] == ["checked a"]
    assert slack.socket.received[0]["envelope_id"]
    assert not slack.refusals


async def test_empty_ack(slack: StandIn, app: AsyncApp) -> None:
    """An empty acknowledgement shows nothing."""

    @app.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await ack()

    async with connected(app):
        await slack.wait_for(lambda: slack.socket.num_connections)
        delivery = await slack.command("aiko", "incident-shop", "a")

    assert (delivery.outcome, delivery.message) == ("ok", None)


async def test_refresh_reconnects(slack: StandIn, bot: AsyncApp) -> None:
    """After refresh_requested the client comes back by itself, and commands work."""
    await slack.socket.refresh()
    await slack.wait_for(lambda: slack.socket.num_connections == 1)

    delivery = await slack.command("aiko", "incident-shop", "b")
    assert delivery.outcome == "ok"
    assert slack.socket.opened >= 2


async def test_warning_moves_the_client_in_time(slack: StandIn, bot: AsyncApp) -> None:
    """A warning ahead of the renewal is enough for the client to change its connection."""
    await slack.socket.refresh(warning=True)
    await slack.wait_for(lambda: slack.socket.opened == 2 and slack.socket.num_connections == 1)

    assert (await slack.command("aiko", "incident-shop", "b")).outcome == "ok"


async def test_sudden_loss_reconnects(slack: StandIn, bot: AsyncApp) -> None:
    """After a cut without a word the client comes back by itself."""
    await slack.socket.drop()
    await slack.wait_for(lambda: slack.socket.opened >= 2 and slack.socket.num_connections >= 1)

    delivery = await slack.command("aiko", "incident-shop", "c")
    assert delivery.outcome == "ok"


async def test_payload_lost_with_its_connection(slack: StandIn, app: AsyncApp) -> None:
    """A command whose connection is cut before the acknowledgement is lost: operation_timeout."""

    @app.command("/tlscheck")
    async def answer(ack: Any) -> None:
        await slack.socket.drop()
        await ack()

    async with connected(app):
        await slack.wait_for(lambda: slack.socket.num_connections)
        delivery = await slack.command("aiko", "incident-shop", "d")

    assert delivery.outcome == "operation_timeout"


async def test_two_connections_share_the_payloads(slack: StandIn, bot: AsyncApp) -> None:
    """With two connections each payload goes to one of them, and all are answered."""
    async with connected(bot):
        await slack.wait_for(lambda: slack.socket.num_connections == 2)
        outcomes = [(await slack.command("aiko", "dm", str(n))).outcome for n in range(4)]

    assert outcomes == ["ok"] * 4
    assert len(slack.socket.received) == 4


async def test_event_is_sent_again_with_its_attempt(slack: StandIn, bot: AsyncApp) -> None:
    """An event's envelope carries retry_attempt, which Bolt shows as a header."""
    attempts: list[Any] = []

    @bot.event("app_mention")
    async def mentioned(request: Any) -> None:
        attempts.append(request.headers.get("x-slack-retry-num"))

    event = {"type": "app_mention", "user": "U0BEN", "text": "x", "channel": "C0INCIDENT"}
    first = await slack.event(event)
    await slack.redeliver(first)
    await slack.wait_for(lambda: len(attempts) == 2)

    assert attempts == [["0"], ["1"]]


async def test_transports_alternate(slack: StandIn, bot: AsyncApp) -> None:
    """With both ways open "alternate" takes turns, and a call may name its way."""
    async with served(bot) as url:
        slack.events_url = url
        auto = await slack.command("aiko", "dm", "0")
        slack.transport = "alternate"
        turns = [(await slack.command("aiko", "dm", str(n))).transport for n in range(4)]
        named = await slack.command("aiko", "dm", "5", via="http")

    assert auto.transport == "socket"
    assert turns == ["http", "socket", "http", "socket"]
    assert named.transport == "http"
    assert {d.outcome for d in slack.deliveries} == {"ok"}


async def test_ticket_works_once(slack: StandIn, bot: AsyncApp) -> None:
    """A WebSocket address cannot be used twice, nor invented."""
    answer = await bot.client.apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(answer["url"]) as socket:
            hello = await socket.receive_json()
            assert hello["type"] == "hello"
            assert hello["num_connections"] == 2
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(answer["url"])


async def test_eleventh_connection_is_turned_away(slack: StandIn, bot: AsyncApp) -> None:
    """An app has ten connections at most."""
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(10):
            answer = await bot.client.apps_connections_open(app_token=APP_TOKEN)
            sockets.append(await session.ws_connect(answer["url"]))
        frames = [(await socket.receive_json())["type"] for socket in sockets]
        for socket in sockets:
            await socket.close()

    assert frames == ["hello"] * 9 + ["disconnect"]


async def test_bot_token_opens_no_connection(app: AsyncApp) -> None:
    """Only the app token opens connections."""
    async with stand_in() as slack:
        app.client.base_url = slack.api_url
        with pytest.raises(Exception, match="not_allowed_token_type"):
            await app.client.apps_connections_open(app_token="xoxb-test")


async def test_what_is_no_acknowledgement_is_refused(slack: StandIn, bot: AsyncApp) -> None:
    """A frame that is no acknowledgement is on record."""
    answer = await bot.client.apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as session, session.ws_connect(answer["url"]) as socket:
        await socket.receive_json()
        await socket.send_str("hello?")
        await slack.wait_for(lambda: slack.refusals)

    assert slack.refusals[0].error == "invalid_frame"
