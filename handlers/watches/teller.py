"""Telling people the news of a watch: in its thread or channel, or to the watcher alone.

Slack lets a bot post only where it is a member; for a watch from elsewhere the watcher reads it in
the direct messages (docs.slack.dev/reference/methods/chat.postMessage: a user's id as channel).
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.diagnosis.report import Target
from bot.texts.catalogue import Catalogue, catalogue
from bot.texts.phrase import period
from bot.watch import Notice, Watch
from bot.watcher import Told
from handlers.answers.news import moment, news
from handlers.asking.command import command_text
from handlers.asking.press import DETAILS, RESULT_ID, UNWATCH, Press
from handlers.slack import blocks
from handlers.slack.blocks import Element, Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.slack.web import api_error

log = structlog.get_logger(__name__)

# The channel is there, and we are not in it.
_OUTSIDE = frozenset({"not_in_channel", "channel_not_found", "restricted_action", "no_permission"})
# Another attempt in a minute may turn out better.
_PASSING = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "no_json",
        "unknown_error",
    }
)
RESULT_ID_PATTERN = re.compile(RESULT_ID)
_WELL = frozenset({"mended", "reachable"})

ClientOf = Callable[[str], AsyncWebClient]
Renew = Callable[[Watch, Notice], Awaitable[None]]


class SlackTeller:
    """Tells through Slack's Web API."""

    def __init__(self, client_of: ClientOf, renew: Renew | None = None) -> None:
        """How to tell.

        Args:
            client_of: Gives the client of a workspace by its id (empty: the only one).
            renew: Puts what was told into the shared message that the watch was begun on.
        """
        self._client_of = client_of
        self._renew = renew

    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Say it where the watch wants it; never raises for what Slack answers."""
        client = self._client_of(watch.team)
        told = await _post(client, watch.channel, watch.thread_ts, notice_message(watch, notice))
        if told == "outside":
            # A user's id opens the direct messages with them.
            alone = notice_message(watch, notice, direct=True)
            told = await _post(client, watch.user, None, alone)
        if told == "told" and self._renew is not None:
            await self._renew(watch, notice)
        return "never" if told == "outside" else told


async def _post(
    client: AsyncWebClient, channel: str, thread_ts: str | None, message: Message
) -> Told | Literal["outside"]:
    try:
        await client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=message.text,
            blocks=list(message.blocks),
            unfurl_links=False,
            unfurl_media=False,
        )
    except SlackApiError as error:
        reason = api_error(error)
        if reason in _OUTSIDE:
            return "outside"
        log.warning("news of a watch not posted", reason=reason, channel=channel)
        return "later" if reason in _PASSING else "never"
    except (SlackRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("news of a watch not posted", reason=type(error).__name__, channel=channel)
        return "later"
    return "told"


def notice_message(watch: Watch, notice: Notice, *, direct: bool = False) -> Message:
    """The message for one notice.

    Args:
        watch: Whose news it is; its watcher is mentioned.
        notice: What to tell.
        direct: It goes to the watcher alone, though asked for in a channel.
    """
    texts = catalogue(watch.lang)
    line = _line(watch, notice, texts)
    made = [{"type": "section", "text": blocks.marked(line)}]
    small = []
    if notice.code == "changed":
        last = {one.code for one in notice.changes}
        small.append(texts.text("watch.well" if last & _WELL else "watch.on"))
    if direct:
        small.append(texts.text("watch.direct"))
    if small:
        made.append(blocks.context(" ".join(small)))
    buttons = _buttons(watch, notice, texts)
    if buttons:
        made.append(blocks.actions(*buttons))
    return Message(line, tuple(made))


def _line(watch: Watch, notice: Notice, texts: Catalogue) -> str:
    values = {"user": f"<@{watch.user}>", "host": mrkdwn(watch_name(watch, texts))}
    when = moment(notice.not_after) if notice.not_after is not None else "—"
    match notice.code:
        case "changed":
            said = " ".join(news(notice.changes, watch.lang))
            return shorten(texts.text("watch.told.changed", values, news=said), 2900)
        case "expires":
            left = period(timedelta(seconds=notice.left or 0), watch.lang)
            return texts.text("watch.told.expires", values, left=left, when=when)
        case "expired":
            return texts.text("watch.told.expired", values, when=when)
        case "renewed":
            return texts.text("watch.told.renewed", values, when=when)
        case "blind":
            place = mrkdwn(watch.vantage or "—")
            return texts.text("watch.told.blind", values, place=place, until=moment(watch.ends))
        case "gave_up":
            if watch.kind == "expiry":
                return texts.text("watch.told.gave_up_expiry", values)
            cause = watch.state.cause
            code = cause.value if cause is not None and watch.state.verdict != "ok" else "ok"
            title = texts.text(f"cause.{code}.title")
            return texts.text("watch.told.gave_up_state", values, title=title)


def _buttons(watch: Watch, notice: Notice, texts: Catalogue) -> list[Element]:
    made = []
    result = notice.result if RESULT_ID_PATTERN.fullmatch(notice.result) else None
    press = Press(
        result=result,
        command=command_text(watch.question, watch.lang, watch.vantage),
        lang=watch.lang,
    ).encode()
    if press is not None:
        made.append(blocks.button(DETAILS, texts.text("slack.button.details"), press))
    stop = None if watch.ended or notice.final else stop_button(watch, texts)
    return [*made, stop] if stop is not None else made


def stop_button(watch: Watch, texts: Catalogue) -> Element | None:
    """The button that ends a watch, for anyone who sees it."""
    value = Press(
        command=command_text(watch.question, watch.lang, watch.vantage),
        lang=watch.lang,
        watch=watch.id,
    ).encode()
    if value is None:
        return None
    return blocks.button(UNWATCH, texts.text("watch.button.stop"), value)


def watch_name(watch: Watch, texts: Catalogue) -> str:
    """The host, and from where it is looked at, if not from the bot's own place."""
    name = watched_name(watch.question.target)
    return texts.text("vantage.from", host=name, place=watch.vantage) if watch.vantage else name


def watched_name(target: Target) -> str:
    """The host as a list shows it, with its port where that is not 443."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    name = host if target.port == 443 else f"{host}:{target.port}"
    return f"{name} ({target.starttls})" if target.starttls else name
