"""The real bot, over HTTP and Socket Mode, against the stand-in for Slack."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.demo.slack.courier import ACK_SECONDS
from bot.demo.slack.server import open_slack
from bot.demo.slack.stand_in import StandIn
from bot.settings import Settings
from bot.store.debts import LEASE
from bot.texts import phrase_report
from handlers.serve import Serving, serve
from tests.handlers.samples import CannedVantage, phrase

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN = "xoxb-stand-in"
APP_TOKEN = "xapp-stand-in"


@dataclass
class Running:
    """The bot at work, and everything around it."""

    slack: StandIn
    vantage: CannedVantage
    url: str
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def numbers(self) -> str:
        """The text of /metrics."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}metrics") as answer:
            return await answer.text()


def settings_for(slack: StandIn, redis_url: str, **changes: Any) -> Settings:
    """Settings of a bot that speaks to the stand-in."""
    values: dict[str, Any] = {
        "slack_bot_token": SecretStr(BOT_TOKEN),
        "slack_signing_secret": SecretStr(SECRET),
        "slack_api_url": slack.api_url,
        "redis_url": SecretStr(redis_url),
        "port": 0,
        # Most tests ask faster than people do; test_manners.py has limits.
        "tlscheck_rate_person": 0,
        "tlscheck_rate_channel": 0,
    }
    return Settings(_env_file=None, **{**values, **changes})


@asynccontextmanager
async def run_bot(
    redis_url: str, *, via: str = "http", patience: float = 30.0, **changes: Any
) -> AsyncIterator[Running]:
    """Run the bot until the block ends; it has to end by itself and cleanly."""
    clock = changes.pop("clock", lambda: datetime.now(UTC))
    vantage = CannedVantage(clock)

    @asynccontextmanager
    async def open_vantage(_settings: Settings) -> AsyncIterator[CannedVantage]:
        yield vantage

    async with open_slack(
        signing_secret=SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        ack_seconds=changes.pop("ack_seconds", ACK_SECONDS),
        app=changes.pop("app", None),
    ) as slack:
        for method, error in changes.pop("failing", {}).items():
            slack.fail_next(method, error=error)
        if via == "socket":
            changes["slack_app_token"] = SecretStr(APP_TOKEN)
        drain = changes.pop("drain_seconds", 5.0)
        lease = changes.pop("lease", LEASE)
        opens = changes.pop("open_vantage", open_vantage)
        phrased = phrase_report if changes.pop("real", False) else phrase
        settings = settings_for(slack, redis_url, **changes)
        stop = asyncio.Event()
        started: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            serve(
                settings,
                open_vantage=opens,
                phrase=phrased,
                stop=stop,
                started=started.set_result,
                host="127.0.0.1",
                patience=patience,
                clock=clock,
                drain_seconds=drain,
                lease=lease,
            )
        )
        waiting: set[asyncio.Future[Any]] = {task, started}
        await asyncio.wait(waiting, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        url = f"http://127.0.0.1:{started.result().port}/"
        slack.events_url = f"{url}slack/events"
        try:
            yield Running(slack, vantage, url, stop, task)
        finally:
            vantage.gate.set()
            stop.set()
            async with asyncio.timeout(30):
                await task


Run = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def run(redis_url: str) -> Run:
    """Starts bots on an empty Redis, each for the length of an `async with` block."""

    def start(**options: Any) -> AbstractAsyncContextManager[Running]:
        return run_bot(options.pop("redis_url", redis_url), **options)

    return start


@pytest.fixture(params=["http", "socket"])
async def bot(request: pytest.FixtureRequest, run: Run) -> AsyncIterator[Running]:
    """A running bot, once over each transport."""
    async with run(via=request.param) as running:
        yield running
