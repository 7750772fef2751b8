"""Which result people talk about: in the thread of a message, and in somebody's direct messages.

Written where a result is shown, read where somebody asks on. Redis being away costs the questions
in that thread, not the answer itself.
"""

import asyncio
import re

import structlog

from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.texts.catalogue import Lang
from handlers.asking.command import command_text
from handlers.asking.press import Press, PressError, Shared, decode_press
from handlers.desk import Desk

log = structlog.get_logger(__name__)

# In the place of a message's timestamp, which never reads like it.
_LAST = "last"
# In the place of a channel.
_SHARED = "shared"
_TS = re.compile(r"\d{1,20}\.\d{1,10}")


def press_of(answer: Answer, lang: Lang, shared: Shared | None = None) -> Press:
    """What the buttons on a message with this answer carry.

    Raises:
        ValueError: The question is too long to be typed, or the result's id is none of ours.
    """
    command = command_text(answer.record.question, lang, answer.record.place)
    return Press(result=answer.report.id, command=command, lang=lang, shared=shared)


async def remember(  # noqa: PLR0917 - a place and what is shown there
    desk: Desk,
    channel: str,
    ts: str,
    answer: Answer,
    lang: Lang,
    shared: Shared | None = None,
    shown: str = "",
) -> None:
    """The thread of that message (none: `ts` is empty) is about this answer, the newest there.

    `shown`: the message in it that shows the answer, and new ones in its place.
    """
    if not channel:
        return
    try:
        value = press_of(answer, lang, shared).model_dump_json(exclude_none=True)
        known = {_LAST: value} | ({ts: value} if ts else {})
        if ts and shown:
            known[_shown(ts)] = shown
        await asyncio.gather(*(desk.threads.set(channel, *one) for one in known.items()))
    except StoreAwayError:
        log.warning("a thread will not know its result", channel=channel)
    except ValueError as error:
        log.info("a thread without its result", channel=channel, reason=type(error).__name__)


async def press_in(desk: Desk, channel: str, ts: str | None) -> Press | None:
    """What the thread of that message is about; None when that is not known (any more)."""
    if not channel or not ts:
        return None
    try:
        value = await desk.threads.get(channel, ts)
        return decode_press(value) if value is not None else None
    except (StoreAwayError, PressError) as error:
        log.info("a thread's result is not known", channel=channel, reason=type(error).__name__)
        return None


async def shown_in(desk: Desk, channel: str, ts: str) -> str:
    """The message that shows the answer in a thread; the thread's head when no other is known."""
    try:
        found = await desk.threads.get(channel, _shown(ts))
    except StoreAwayError:
        return ts
    return found if found is not None and _TS.fullmatch(found) else ts


def _shown(ts: str) -> str:
    return f"{ts} shown"


async def last_press(desk: Desk, channel: str) -> Press | None:
    """What was shown last in a channel, or in somebody's direct messages."""
    return await press_in(desk, channel, _LAST)


async def remember_shared(desk: Desk, result: str, channel: str, ts: str) -> None:
    """That message shows this result to everybody."""
    try:
        await desk.threads.set(_SHARED, result, f"{channel} {ts}")
    except StoreAwayError:
        log.info("not noted where a result was shared", channel=channel)


async def shared_message(desk: Desk, result: str) -> tuple[str, str] | None:
    """Channel and timestamp of the message that showed this result last; None if there is none."""
    try:
        value = await desk.threads.get(_SHARED, result)
    except StoreAwayError:
        return None
    found = re.fullmatch(r"([A-Z0-9]{2,32}) (\d{1,20}\.\d{1,10})", value or "")
    return (found[1], found[2]) if found else None
