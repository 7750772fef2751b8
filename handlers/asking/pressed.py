"""The listeners of the buttons: acknowledged at once, worked on in the background.

An interaction has a response address of its own: with `replace_original` it replaces the very
message that the button stands on, ephemeral or shared (docs.slack.dev/interactivity).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from typing import Any

import structlog

from bot.service import Answer
from bot.texts.catalogue import Lang
from handlers.answers.fullchain import send_full_chain
from handlers.answers.sentences import say
from handlers.answers.update import tell_later
from handlers.asking.ask import shown_host
from handlers.asking.press import (
    CHECK,
    COMPARE,
    COMPARE_AGAIN,
    COMPARE_SHARE,
    DETAILS,
    FIX,
    FULL_CHAIN,
    LETTER,
    RECHECK,
    SHARE,
    UNWATCH,
    WATCH,
    WATCH_EXPIRY,
    Press,
    PressError,
    decode_press,
)
from handlers.desk import Desk, within
from handlers.owed.delivery import is_resumed
from handlers.owed.telling import tell_to_press_again
from handlers.places.living import again_pressed, compare_pressed, share_pressed
from handlers.sharing.share import QUIET_SECONDS, Sharing, recheck_shared
from handlers.slack.blocks import Message
from handlers.slack.place import Place, read_place
from handlers.slack.work import TooMuchWorkError
from handlers.watches.watching import expiry_pressed, unwatch_pressed, watch_pressed
from handlers.windows.window import details

log = structlog.get_logger(__name__)

IN_WINDOWS = frozenset({DETAILS, LETTER, FIX})
"""Presses that open a window; nobody can do that later."""

Listener = Callable[[Desk, Place, Press], Awaitable[None]]


async def answer_press(
    desk: Desk,
    listener: Listener,
    *,
    body: Mapping[str, Any],
    action: Mapping[str, Any],
    arrived: float | None = None,
) -> None:
    """Run a press's listener once, in the background; its acknowledgement need not wait."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    place = read_place(body)
    owed = await desk.begin("press", press_delivery(place, action))
    name = listener.__name__
    if owed is not None:
        try:
            desk.work.start(desk.ledger.carry(owed, _run, desk, place, action, listener), name=name)
        except TooMuchWorkError as error:
            message = desk.failure(error, desk.lang, "", name)
            telling = desk.ledger.carry(owed, _tell, desk, place, message)
            desk.work.start(telling, name="tell", follows=True)
    desk.measures.metrics.acknowledged("action", loop.time() - arrived)


def press_delivery(place: Place, action: Mapping[str, Any]) -> str:
    """The id of one press; empty where Slack named none."""
    if not place.trigger_id:
        return ""
    return f"{place.trigger_id} {action.get('action_id')} {action.get('action_ts')}"


async def _tell(desk: Desk, place: Place, message: Message) -> None:
    await desk.tell(place.response_url, message)


async def _run(desk: Desk, place: Place, action: Mapping[str, Any], listener: Listener) -> None:
    lang: Lang = desk.lang
    host = ""
    try:
        press = decode_press(action.get("value"))
        lang = press.lang
        host = press.command.split(" ", 1)[0]
        if press.shared is not None and not place.ephemeral:
            desk.addresses.note(place.channel, place.message_ts, place.response_url)
        if is_resumed() and action.get("action_id") in IN_WINDOWS:
            await tell_to_press_again(desk, place, press, action)
            return
        await listener(desk, place, press)
    except PressError:
        await desk.tell(place.response_url, say(lang, "slack.press.unknown"))
    except asyncio.CancelledError as error:
        await desk.tell(place.response_url, desk.failure(error, lang, host, listener.__name__))
        raise
    except Exception as error:
        await desk.tell(place.response_url, desk.failure(error, lang, host, listener.__name__))


async def recheck(desk: Desk, place: Place, press: Press) -> None:
    """Check again: the new answer takes the place of the old one, for all who see it."""
    if press.shared is not None:
        await recheck_shared(desk, place, press)
        return
    task = desk.work.start(desk.answer_of(press, refresh=True), name="recheck", follows=True)
    try:
        if not await within(task, QUIET_SECONDS) and press.result:
            old = await desk.service.recall(press.result)
            if old is not None and not task.done():
                interim = desk.presenter.message(
                    old,
                    press.lang,
                    await _zone(desk, place, press),
                    checking_again=True,
                    thread=press.thread,
                )
                await desk.tell(place.response_url, interim, replace=True)
        answer = await task
    except asyncio.CancelledError:
        task.cancel()
        await _put_back(desk, place, press)
        raise
    except Exception:
        await _put_back(desk, place, press)
        raise
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer, replace=True)
        return

    zone = await _zone(desk, place, press)

    async def put(shown: Answer) -> None:
        message = desk.presenter.message(shown, press.lang, zone, thread=press.thread)
        await desk.tell(place.response_url, message, replace=True)

    await put(answer)
    tell_later(desk, answer, put)


async def _put_back(desk: Desk, place: Place, press: Press) -> None:
    """The earlier answer without "checking again": that is not true any more."""
    old = await desk.service.recall(press.result) if press.result else None
    if old is not None:
        zone = await _zone(desk, place, press)
        message = desk.presenter.message(old, press.lang, zone, thread=press.thread)
        await desk.tell(place.response_url, message, replace=True)


async def _zone(desk: Desk, place: Place, press: Press) -> tzinfo:
    """The zone of a message's moments: its asker's, on a shared one that of who shared it."""
    return (await desk.reader(press.shared.user if press.shared else place.user)).zone


async def spoken(desk: Desk, place: Place, press: Press) -> Press:
    """The press in the language of who pressed: a shared message may speak another one."""
    return await desk.spoken(place.user, press)


async def full_chain(desk: Desk, place: Place, press: Press) -> None:
    """Full chain: the file to install, where the asker can get at it."""
    press = await spoken(desk, place, press)
    answer = await desk.answer_of(press)
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer)
        return
    fix = answer.report.fix
    host = shown_host(answer.report.target)
    if fix is None or not fix.fullchain_pem:
        await desk.tell(place.response_url, say(press.lang, "slack.fullchain.none", host=host))
        return
    shared_in = None if place.ephemeral else place.channel
    message = await send_full_chain(
        desk.client,
        pem=fix.fullchain_pem,
        proven=fix.proven,
        target=answer.report.target,
        user=place.user,
        channel=shared_in,
        thread_ts=place.thread_ts or place.message_ts,
        lang=press.lang,
    )
    await desk.tell(place.response_url, message)


async def check_named(desk: Desk, place: Place, press: Press) -> None:
    """Check the server that an explained error names; the explanation stays above the answer."""
    task = desk.work.start(desk.answer_of(press), name="check", follows=True)
    try:
        if not await within(task, QUIET_SECONDS):
            host = press.command.split(" ", 1)[0].removesuffix(":443")
            await desk.tell(place.response_url, desk.waiting(press.lang, host))
        answer = await task
    except asyncio.CancelledError:
        task.cancel()
        raise
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer)
        return

    zone = await _zone(desk, place, press)

    async def tell(later: Answer) -> None:
        message = desk.presenter.message(later, press.lang, zone, updates=True)
        await desk.tell(place.response_url, message)

    message = desk.presenter.message(answer, press.lang, zone, thread=press.thread)
    if await desk.tell(place.response_url, message):
        tell_later(desk, answer, tell)


def listeners() -> dict[str, Listener]:
    """Every button's action id with its listener."""
    return {
        SHARE: Sharing().share,
        RECHECK: recheck,
        DETAILS: details,
        FULL_CHAIN: full_chain,
        CHECK: check_named,
        WATCH: watch_pressed,
        WATCH_EXPIRY: expiry_pressed,
        UNWATCH: unwatch_pressed,
        COMPARE: compare_pressed,
        COMPARE_AGAIN: again_pressed,
        COMPARE_SHARE: share_pressed,
    }
