"""Beginning a sweep: from a file or pasted lines to a message that lives and a job that waits.

What a person wants of a list with some slips in it is the rest of the list, and to be told. A file
of which most lines name no host is no list of hosts: then nothing is begun.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.audit import current_asker, note
from bot.listing import (
    BadLine,
    Listing,
    ListTooLongError,
    NoListError,
    read_bytes,
    read_lines,
    rows,
)
from bot.store.connection import StoreAwayError
from bot.store.space import current_space
from bot.store.sweeps import MOST_WAITING, TooManySweepsError
from bot.sweep import Tally
from bot.sweep.job import Sweep, pack_targets
from bot.sweep.progress import Progress
from bot.texts.catalogue import Catalogue, Lang, catalogue
from handlers.answers.sentences import say, sentence
from handlers.desk import Desk
from handlers.sharing.living import OUTSIDE
from handlers.slack import blocks
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn, shorten, visible
from handlers.slack.trouble import why
from handlers.slack.uploaded import LARGEST, NoFileError, Uploaded
from handlers.slack.web import api_error
from handlers.sweeps.message import number, sweep_message

log = structlog.get_logger(__name__)

MOST_BAD: Final = 20
"""Lines without a host that are named; the others are counted."""

Tell = Callable[[Message], Awaitable[Any]]
Source = Uploaded | str
"""A file, or pasted lines."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants swept: who, where it is told, and who checks."""

    user: str
    channel: str
    lang: Lang
    team: str = ""
    thread_ts: str | None = None
    vantage: str = ""


class _RefusedError(Exception):
    """Nothing is begun; the message says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


async def begin(desk: Desk, wanted: Wanted, source: Source, tell: Tell) -> None:
    """Begin, or tell who asked why not; never raises for what they sent.

    Args:
        desk: The tools.
        wanted: Who, where, by whom.
        source: What to read the hosts from.
        tell: Says something to who asked, and to nobody else where that can be.
    """
    lang = wanted.lang
    try:
        title, listing = await _listing(desk, lang, source)
        await _begin(desk, wanted, title, listing, tell)
    except _RefusedError as refused:
        note("sweep refused", reason=refused.message.text[:100])
        await tell(refused.message)
    except asyncio.CancelledError as error:
        await tell(desk.failure(error, lang, "", "sweep"))
        raise
    except Exception as error:
        await tell(desk.failure(error, lang, "", "sweep"))


def quick_listing(text: str, most: int) -> Listing:
    """The targets of pasted lines.

    Raises:
        ListTooLongError: There are more than `most`.
    """
    return read_lines(rows(text.splitlines()), limit=most)


def bad_lines(bad: tuple[BadLine, ...], texts: Catalogue, most: int = MOST_BAD) -> list[str]:
    """What is wrong with lines that name no host, one each, with their numbers."""
    lines = []
    for one in bad[:most]:
        # Some sentences for one server read oddly in a list of hundreds.
        own = f"sweep.slack.problem.{one.error.code}"
        key = own if texts.has(own) else f"error.target.{one.error.code}"
        problem = texts.text(key, **one.error.values)
        shown = shorten(visible(one.text), 60)
        lines.append(
            texts.text("sweep.slack.bad_line", number=one.number, text=shown, problem=problem)
        )
    if more := len(bad) - len(lines):
        lines.append(texts.text("sweep.more", n=more))
    return lines


async def _listing(desk: Desk, lang: Lang, source: Source) -> tuple[str, Listing]:
    texts = catalogue(lang)
    title = texts.text("sweep.slack.pasted") if isinstance(source, str) else source.name
    most = desk.most_swept

    def refused(key: str, n: int | None = None, **values: str) -> _RefusedError:
        return _RefusedError(say(lang, f"sweep.slack.error.{key}", n=n, title=title, **values))

    try:
        if isinstance(source, str):
            listing = await asyncio.to_thread(quick_listing, source, most)
        else:
            data = await desk.files.read(source)
            # Hundreds of milliseconds for a long list: not on the loop that acknowledges others.
            listing = await asyncio.to_thread(_read, data, most)
    except NoFileError as error:
        if error.reason == "too_large":
            raise refused("too_large", most=str(LARGEST // 1_000_000)) from error
        log.warning("a list was not read", reason=error.reason)
        raise refused("unreadable", why=why(error.reason, lang)) from error
    except NoListError as error:
        raise refused(error.code) from error
    except ListTooLongError as error:
        raise refused("too_many", most=number(error.limit)) from error
    if len(listing.bad) > len(listing.targets):
        first = refused("no_list", n=len(listing.bad)).message
        lines = blocks.preformatted("\n".join(bad_lines(listing.bad, texts, 5)))
        raise _RefusedError(Message(first.text, (*first.blocks, blocks.rich(lines))))
    if not listing.targets:
        raise refused("none")
    return title, listing


def _read(data: bytes, most: int) -> Listing:
    return read_lines(rows(read_bytes(data)), limit=most)


async def _begin(desk: Desk, wanted: Wanted, title: str, listing: Listing, tell: Tell) -> None:
    lang = wanted.lang
    sweep = Sweep(
        id=secrets.token_hex(8),
        title=visible(title)[:200],
        count=len(listing.targets),
        vantage=wanted.vantage,
        lang=lang,
        user=wanted.user,
        channel=wanted.channel,
        ts="0",
        thread_ts=wanted.thread_ts,
        team=wanted.team,
        space=current_space(),
        asked_at=desk.clock(),
    )
    waiting = Progress("waiting", sweep.count, Tally(), desk.clock())
    begun = desk.ledger.noted("sweep").split()
    if len(begun) == 3:
        # Another bot had posted the message, and died over it.
        found = dict(zip(("id", "channel", "ts"), begun, strict=True))
        sweep, told_elsewhere = sweep.model_copy(update=found), False
        if await desk.sweeps.standing(sweep.id) is not None:
            return
    else:
        sweep, told_elsewhere = await _posted(desk, sweep, sweep_message(sweep, waiting))
        await desk.ledger.note("sweep", f"{sweep.id} {sweep.channel} {sweep.ts}")
    try:
        packed = await asyncio.to_thread(pack_targets, listing.targets)
        before = await desk.sweeps.add(sweep, packed)
    except TooManySweepsError:
        await _replace(desk, sweep, say(lang, "sweep.slack.error.full", n=MOST_WAITING))
        return
    except StoreAwayError:
        await _replace(desk, sweep, say(lang, "sweep.slack.error.away"))
        return
    note("sweep", current_asker(), id=sweep.id, hosts=sweep.count, vantage=sweep.vantage or "any")
    if before:
        await _replace(desk, sweep, sweep_message(sweep, waiting, before=before))
    if told_elsewhere:
        await tell(say(lang, "sweep.slack.outside"))
    said = _slips(listing, catalogue(lang))
    if said is not None:
        await _reply(desk, sweep, said)


async def _posted(desk: Desk, sweep: Sweep, message: Message) -> tuple[Sweep, bool]:
    """Post the message that will live; where the bot is no member, to who asked.

    Returns:
        The sweep with the message that tells of it, and whether it is in the direct messages in
        place of the channel.
    """
    said: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks)}
    elsewhere = False
    try:
        posted = await desk.client.chat_postMessage(
            channel=sweep.channel, thread_ts=sweep.thread_ts, unfurl_links=False, **said
        )
    except SlackApiError as error:
        if api_error(error) not in OUTSIDE or sweep.channel == sweep.user or desk.few_channels:
            raise
        # A user's id opens the direct messages with them (chat.postMessage, "channel").
        posted = await desk.client.chat_postMessage(channel=sweep.user, unfurl_links=False, **said)
        elsewhere = True
    changed = {"channel": str(posted["channel"]), "ts": str(posted["ts"])}
    if elsewhere:
        changed["thread_ts"] = None  # type: ignore[assignment] # there is no thread there
    return sweep.model_copy(update=changed), elsewhere


async def _replace(desk: Desk, sweep: Sweep, message: Message) -> None:
    await desk.client.chat_update(
        channel=sweep.channel, ts=sweep.ts, text=message.text, blocks=list(message.blocks)
    )


async def _reply(desk: Desk, sweep: Sweep, message: Message) -> None:
    try:
        await desk.client.chat_postMessage(
            channel=sweep.channel,
            thread_ts=sweep.thread_ts or sweep.ts,
            text=message.text,
            blocks=list(message.blocks),
            unfurl_links=False,
        )
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("slips of a list were not told", reason=type(error).__name__)


def _slips(listing: Listing, texts: Catalogue) -> Message | None:
    """What was passed over; None when nothing was."""
    if not listing.bad and not listing.repeated:
        return None
    repeated = texts.text("sweep.slack.repeated", n=listing.repeated) if listing.repeated else ""
    if not listing.bad:
        return sentence(repeated)
    first = texts.text("sweep.slack.bad", n=len(listing.bad))
    lines = "\n".join(bad_lines(listing.bad, texts))
    elements = [
        blocks.paragraph(blocks.word(first)),
        blocks.preformatted(lines),
        *([blocks.paragraph(blocks.word(repeated))] if repeated else []),
    ]
    return Message(mrkdwn(first), (blocks.rich(*elements),))
