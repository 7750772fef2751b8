"""The heartbeat of a bot, and what it takes over from those whose heart has stopped.

What a dead bot owed is handed to the same listeners as if Slack had just sent it: they answer as
they would have, mostly from the cache or from a check that is under way. Only where a window would
have to be opened, or nobody could finish, is the asker told so.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.store.connection import StoreAwayError
from handlers.desk import Desk
from handlers.owed.delivery import Owed, resume
from handlers.slack.socket import body_of

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Deliveries of dead bots that are worked on at a time."""
_PAGE = 20
_SLACK = (".slack.com", ".slack-gov.com")


class Takeover:
    """The loop of one process; `start` it once the bot takes work, `aclose` it after draining."""

    def __init__(self, desk: Desk, app: AsyncApp, api_url: str, every: timedelta) -> None:
        """`every`: the time between two signs of life."""
        self._desk = desk
        self._app = app
        self._api_url = api_url
        self._every = every.total_seconds()
        self._resuming = 0
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background."""
        self._loop = asyncio.create_task(self._run(), name="heartbeat")

    async def aclose(self) -> None:
        """End it."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait((self._loop,))

    async def _run(self) -> None:
        while True:
            try:
                beat = await self._desk.ledger.beat()
                if beat is not None and self._desk.ledger.may_claim():
                    for dead in beat.dead:
                        await self._inherit(dead)
            except StoreAwayError:
                log.debug("debts of others wait until Redis is back")
            except Exception:
                log.exception("debts of others could not be taken over")
            await asyncio.sleep(self._every)

    async def _inherit(self, dead: str) -> None:
        while (room := AT_ONCE - self._resuming) > 0:
            taken = await self._desk.ledger.claim(dead, min(room, _PAGE))
            if not taken:
                return
            log.warning("taking over from a bot that is gone", debts=len(taken))
            for owed in taken:
                self._resuming += 1
                self._desk.work.start(self._resumed(owed), name="resume", follows=True)

    async def _resumed(self, owed: Owed) -> None:
        try:
            await self._resume(owed)
        finally:
            self._resuming -= 1

    async def _resume(self, owed: Owed) -> None:
        desk, payload = self._desk, owed.debt.payload
        if not all(is_slacks(url, self._api_url) for url in _addresses(payload)):
            log.error("a debt with a foreign address is not paid")
            await desk.ledger.settle(owed)
            return
        for url in _addresses(payload):
            # The line that a check is under way may have gone there.
            desk.reply.inherit(url, (desk.clock() - owed.debt.at).total_seconds(), 1)
        if not owed.hopeless:
            desk.measures.debts_taken_over.labels("resumed").inc()
        resume(owed)
        # In Socket Mode's form there is no signature to check: the seal was one.
        response = await self._app.async_dispatch(
            AsyncBoltRequest(mode="socket_mode", body=dict(payload))
        )
        # There is no connection to acknowledge on: what belongs there takes the other way.
        body = body_of(response)
        if body and body.get("response_type") == "ephemeral":
            await desk.send_lost(payload, body)
        if not owed.carried:
            await desk.ledger.settle(owed)


def _addresses(payload: Mapping[str, Any]) -> Iterator[str]:
    """Every response address that a payload names."""
    if "response_url" in payload:
        yield str(payload["response_url"])
    several = payload.get("response_urls")
    for one in several if isinstance(several, list) else ():
        yield str(one.get("response_url") if isinstance(one, Mapping) else one)


def is_slacks(url: str, api_url: str) -> bool:
    """Whether an address belongs to Slack, or to what stands in for it (SLACK_API_URL)."""
    try:
        asked, own = urlsplit(url), urlsplit(api_url)
        if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
            return True
        host = asked.hostname or ""
        plain = asked.scheme == "https" and asked.port is None and "@" not in asked.netloc
    except ValueError:
        return False
    return plain and host.endswith(_SLACK)
