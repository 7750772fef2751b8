"""Showing how far a sweep is: its one message, and at its end a word to who asked, with the chart."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.render.charts import sweep_picture
from bot.store.connection import StoreAwayError
from bot.sweep.job import Sweep
from bot.sweep.progress import Progress
from bot.texts.catalogue import catalogue
from handlers.desk import Desk
from handlers.slack.escape import mrkdwn
from handlers.slack.web import api_error
from handlers.sweeps.message import headline, sweep_message

log = structlog.get_logger(__name__)

FINAL_ATTEMPTS: Final = 5
_AGAIN_SECONDS: Final = 2.0
# Nothing that is tried again changes these.
_GONE: Final = frozenset(
    {
        *("message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"),
        *("is_archived", "not_in_channel", "account_inactive", "token_revoked", "invalid_auth"),
    }
)

Enter = Callable[[str], Awaitable[bool]]
"""Goes to work in the workspace of that id; whether the app is still installed there."""


class SlackShower:
    """Shows through Slack's Web API."""

    def __init__(self, desk: Desk, enter: Enter | None = None) -> None:
        """`enter`: None where there is but one workspace."""
        self._desk = desk
        self._enter = enter

    async def show(self, sweep: Sweep, progress: Progress) -> None:
        """Put it into the sweep's message; the last state is tried several times."""
        final = progress.state in ("done", "stopped")
        message = sweep_message(sweep, progress)
        for attempt in range(FINAL_ATTEMPTS if final else 1):
            if attempt:
                await asyncio.sleep(_AGAIN_SECONDS * attempt)
            reason = await self._call(
                sweep,
                lambda: self._desk.client.chat_update(
                    channel=sweep.channel,
                    ts=sweep.ts,
                    text=message.text,
                    blocks=list(message.blocks),
                ),
            )
            if reason is None:
                return
            log.warning("a sweep's message was not changed", id=sweep.id, reason=reason)
            if reason in _GONE:
                return

    async def ended(self, sweep: Sweep, progress: Progress) -> None:
        """Tell who asked: a change of a message rings no bell. Who stopped it knows."""
        if progress.state == "stopped" and progress.by:
            return
        texts = catalogue(sweep.lang)
        key = "sweep.slack.ended" if progress.state == "done" else "sweep.slack.ended_early"
        line = texts.text(key, user=f"<@{sweep.user}>", headline=mrkdwn(headline(sweep, progress)))
        if await self._chart(sweep, progress, line):
            return
        reason = await self._call(
            sweep,
            lambda: self._desk.client.chat_postMessage(
                channel=sweep.channel,
                thread_ts=sweep.thread_ts or sweep.ts,
                text=line,
                unfurl_links=False,
            ),
        )
        if reason is not None:
            log.warning("the end of a sweep was not told", id=sweep.id, reason=reason)

    async def _chart(self, sweep: Sweep, progress: Progress, line: str) -> bool:
        if not progress.done:
            return False
        zone = (await self._desk.reader(sweep.user)).zone
        picture = await asyncio.to_thread(
            sweep_picture, progress.tally, sweep.title, progress.now, sweep.lang, zone
        )
        upload = {
            "file": picture.png,
            "filename": picture.name,
            "title": picture.title,
            "alt_txt": picture.alt,
        }
        reason = await self._call(
            sweep,
            lambda: self._desk.client.files_upload_v2(
                file_uploads=[upload],
                channel=sweep.channel,
                thread_ts=sweep.thread_ts or sweep.ts,
                initial_comment=line,
            ),
        )
        if reason is not None:
            log.warning("a sweep's chart was not posted", id=sweep.id, reason=reason)
        return reason is None

    async def _call(self, sweep: Sweep, call: Callable[[], Awaitable[Any]]) -> str | None:
        """Call Slack for the sweep's workspace; returns the reason why not."""
        try:
            if self._enter is not None and not await self._enter(sweep.space):
                return "account_inactive"
            await call()
        except SlackApiError as error:
            return api_error(error)
        except (
            *(SlackRequestError, aiohttp.ClientError, TimeoutError, OSError, StoreAwayError),
        ) as error:
            return type(error).__name__
        return None
