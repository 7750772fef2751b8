"""A stand-in for Slack, and a small Bolt app that talks to it with the real SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import StandIn, open_slack

SIGNING_SECRET = "test-signing-secret"
BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"


@asynccontextmanager
async def stand_in(**options: object) -> AsyncIterator[StandIn]:
    """A stand-in with the tests' tokens."""
    async with open_slack(
        signing_secret=SIGNING_SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        **options,  # type: ignore[arg-type]  # passed through as written in the test
    ) as slack:
        yield slack


@pytest.fixture
async def slack() -> AsyncIterator[StandIn]:
    """A stand-in that knows no bot yet."""
    async with stand_in() as opened:
        yield opened


@pytest.fixture
def client(slack: StandIn) -> AsyncWebClient:
    """Slack's own client, as the bot uses it."""
    return AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    """A Bolt app without listeners, in the shape in which the bot is built."""
    return AsyncApp(client=client, signing_secret=SIGNING_SECRET)


@asynccontextmanager
async def served(app: AsyncApp) -> AsyncIterator[str]:
    """The app's HTTP server on a free port; gives its events address."""
    runner = web.AppRunner(app.web_app(path="/slack/events"), shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()
