"""Sharing an answer with everybody, and checking a shared one again."""

import asyncio
from collections import OrderedDict

import structlog

from bot.service import Answer
from handlers.answers.sentences import say
from handlers.asking.command import Ask
from handlers.asking.press import Press
from handlers.desk import Desk, within
from handlers.sharing.living import (
    NotShownError,
    Spot,
    known_post,
    publish,
    put,
    see_to_update,
    show,
)
from handlers.slack.blocks import Message
from handlers.slack.place import Place

log = structlog.get_logger(__name__)

QUIET_SECONDS = 1.0
"""A new check that is done within this time simply replaces the old answer."""


class Sharing:
    """Share: the answer for everybody in the channel, once for each answer."""

    def __init__(self) -> None:
        # How often posting one answer has failed: the next press is a new attempt then.
        self._failed: OrderedDict[str, int] = OrderedDict()

    async def share(self, desk: Desk, place: Place, press: Press) -> None:
        """Post the answer, into the thread that it stands in if any."""
        answer = f"{place.channel} {place.message_ts} {place.user}"
        attempt = f"{answer} {self._failed.get(answer, 0)}"
        if not await desk.first_time("share", attempt):
            await desk.tell(place.response_url, say(press.lang, "slack.share.twice"))
            return
        try:
            problem = await _share(desk, place, press)
        except BaseException:
            self._note_failure(answer)
            raise
        if problem is not None:
            self._note_failure(answer)
            await tell_presser(desk, place, problem)

    def _note_failure(self, answer: str) -> None:
        self._failed[answer] = self._failed.get(answer, 0) + 1
        while len(self._failed) > 1000:
            self._failed.popitem(last=False)


async def _share(desk: Desk, place: Place, press: Press) -> Message | None:
    """Share; returns the sentence for the presser where that is not possible."""
    answer = await desk.answer_of(press)
    if isinstance(answer, Message):
        return answer
    # In the thread of an alert, an answer that was asked for there stays there.
    thread = press.thread or (place.thread_ts if place.ephemeral else None)
    spot = Spot(place.channel, thread_ts=thread, url=place.response_url)
    try:
        await publish(desk, spot, answer, press.lang, place.user)
    except NotShownError as error:
        if error.reason == "expired":
            return say(press.lang, "slack.share.expired")
        return error.sentence(press)
    return None


async def share_host(desk: Desk, ask: Ask, spot: Spot, user: str) -> tuple[Answer, Message | None]:
    """`/tlscheck HOST share`: check, and post the answer at once.

    Returns:
        The answer, and the message for the asker where it could not be posted: it is theirs then.

    Raises:
        CheckFailedError: From the service.
    """
    lang = ask.lang
    answer = await desk.service.ask(ask.question, vantage=ask.vantage)
    try:
        await publish(desk, spot, answer, lang, user)
    except NotShownError as error:
        zone = (await desk.reader(user)).zone
        own = desk.presenter.message(answer, lang, zone)
        refused = error.sentence(Press(command=ask.question.target.host, lang=lang))
        return answer, Message(f"{refused.text} {own.text}", (*refused.blocks, *own.blocks))
    return answer, None


async def recheck_shared(desk: Desk, place: Place, press: Press) -> None:
    """Check again: the shared message shows the new answer, its thread what changed.

    Of several people who press at once the first has it checked; the message changes for all.
    """
    spot = Spot(place.channel, place.message_ts, place.thread_ts, place.response_url)
    async with desk.posts.alone(spot.channel, spot.ts) as alone:
        if not alone:
            log.info("already being checked again", channel=spot.channel)
            return
        known = await known_post(desk, spot)
        if known is not None and press.result is not None and known.result != press.result:
            # Pressed on what another press has replaced meanwhile.
            log.info("already checked again", channel=spot.channel)
            return
        problem = await check_again(desk, spot, press)
    if problem is not None:
        await tell_presser(desk, place, problem)


async def check_again(desk: Desk, spot: Spot, press: Press) -> Message | None:
    """Check and show; the caller is `alone` with the message.

    Returns:
        The sentence for the presser where that is not possible.
    """
    task = desk.work.start(desk.answer_of(press, refresh=True), name="recheck", follows=True)
    try:
        if not await within(task, QUIET_SECONDS):
            await _show_waiting(desk, spot, press, task)
        answer = await task
        if isinstance(answer, Message):
            return answer
        await show(desk, spot, press, answer, history=True)
    except NotShownError as error:
        task.cancel()
        return error.sentence(press)
    except BaseException:
        task.cancel()
        await _put_back(desk, spot, press)
        raise
    see_to_update(desk, spot, press, answer)
    return None


async def _show_waiting(
    desk: Desk, spot: Spot, press: Press, task: "asyncio.Task[Answer | Message]"
) -> None:
    old = await desk.service.recall(press.result) if press.result else None
    if old is not None and not task.done():
        await put(desk, spot, press, old, checking_again=True)


async def _put_back(desk: Desk, spot: Spot, press: Press) -> None:
    """The earlier answer without "checking again": that is not true any more."""
    old = await desk.service.recall(press.result) if press.result else None
    if old is not None:
        try:
            await put(desk, spot, press, old)
        except NotShownError:
            log.info("an earlier answer was not put back", channel=spot.channel)


async def tell_presser(desk: Desk, place: Place, message: Message) -> None:
    """Tell who pressed: where they pressed, or in their direct messages when that is closed."""
    url = place.response_url
    if url and desk.reply.left(url) and await desk.tell(url, message):
        return
    if place.user:
        await desk.client.chat_postMessage(
            channel=place.user, text=message.text, blocks=list(message.blocks)
        )
