"""Posting to the response address of a command or an interaction, as often as it takes.

Bolt's `respond` opens a session for each post and does not repeat after a 5xx; the webhook client
of slack_sdk gives its retry handlers 429 and lost connections only (`webhook/async_client.py`).
An asker's one answer should not be lost to that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

import aiohttp
import structlog

from handlers.owed.delivery import fence
from handlers.slack.address import Uses
from handlers.slack.blocks import Message
from handlers.slack.measure import Measures

log = structlog.get_logger(__name__)

ATTEMPTS = 5
TRY_SECONDS = 10.0
LONGEST_WAIT = 60.0
_ANSWER_BYTES = 2000
_RETRIED: dict[str, Literal["rate_limited", "server_error", "connection"]] = {
    "rate_limited": "rate_limited",
    "unavailable": "server_error",
}


class ReplyError(Exception):
    """Slack did not take the message; `reason` is `expired`, `refused`,
    `rate_limited`, `unavailable` or `network`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Reply(Protocol):
    """The way to a response address."""

    async def __call__(
        self,
        url: str,
        message: Message,
        *,
        replace: bool = False,
        in_channel: bool = False,
        thread_ts: str | None = None,
    ) -> None:
        """Post a message; raises ReplyError when Slack does not take it."""

    def left(self, url: str) -> int:
        """How often the address may still be used."""

    def inherit(self, url: str, age: float, used: int) -> None:
        """Another process was given the address, so many seconds ago, and used it so often."""


class Replies:
    """Posts over one shared session."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        measures: Measures,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._measures = measures
        self._sleep = sleep
        self._uses = Uses()

    def left(self, url: str) -> int:
        """How often the address may still be used."""
        return self._uses.left(url)

    def inherit(self, url: str, age: float, used: int) -> None:
        """Another process was given the address, so many seconds ago, and used it so often."""
        self._uses.inherit(url, age, used)

    async def __call__(
        self,
        url: str,
        message: Message,
        *,
        replace: bool = False,
        in_channel: bool = False,
        thread_ts: str | None = None,
    ) -> None:
        """Post a message.

        Args:
            url: The response address, from a payload that Slack signed.
            message: What to say.
            replace: Put it in the place of the message that a button was pressed on.
            in_channel: For everybody in the channel.
            thread_ts: Under that message ("Publishing responses in thread").

        Raises:
            ReplyError: Slack did not take it, however often.
        """
        await fence()
        body: dict[str, Any] = {
            "text": message.text,
            "blocks": list(message.blocks),
            "unfurl_links": False,
            "unfurl_media": False,
            "replace_original": replace,
        }
        if not replace:
            body["response_type"] = "in_channel" if in_channel else "ephemeral"
            if thread_ts is not None:
                body["thread_ts"] = thread_ts
        if not self.left(url):
            # Slack would say the same (`used_url`, `expired_url`), and count it as an error.
            raise ReplyError("expired", "used five times, or older than thirty minutes")
        error = ReplyError("network", "not tried")
        for attempt in range(ATTEMPTS):
            wait = min(0.25 * 2**attempt, 4.0)
            try:
                async with self._session.post(
                    url, json=body, timeout=aiohttp.ClientTimeout(total=TRY_SECONDS)
                ) as answer:
                    said = (await answer.content.read(_ANSWER_BYTES)).decode(errors="replace")
                    if answer.status == 200:
                        self._uses.note(url)
                        return
                    error = _refusal(answer.status, said)
                    if answer.status == 429:
                        # docs.slack.dev/apis/web-api/rate-limits: whole seconds.
                        named = answer.headers.get("Retry-After", "")
                        wait = float(named) if named.isascii() and named.isdigit() else 1.0
                        if wait > LONGEST_WAIT:
                            # Earlier than Slack says would not be honoured.
                            raise error
                    elif answer.status < 500:
                        raise error
            except (aiohttp.ClientError, TimeoutError, OSError) as lost:
                error = ReplyError("network", type(lost).__name__)
            if attempt + 1 < ATTEMPTS:
                self._measures.metrics.slack_retried(_RETRIED.get(error.reason, "connection"))
                await self._sleep(wait)
        raise error


def _refusal(status: int, said: str) -> ReplyError:
    detail = f"{status} {said[:200]}"
    if status == 429:
        return ReplyError("rate_limited", detail)
    if status >= 500:
        return ReplyError("unavailable", detail)
    # Slack answers 404 with `expired_url` or `used_url` after 30 minutes or 5 uses.
    if status == 404 or "expired_url" in said or "used_url" in said:
        return ReplyError("expired", detail)
    return ReplyError("refused", detail)
