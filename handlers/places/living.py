"""A comparison for everybody to see: one message that is posted at once and changes as places answer.

Also the listeners of its buttons. Where the bot is no member, the response address of who pressed
stands in (five uses, docs.slack.dev/interactivity/handling-user-interaction).
"""

from datetime import tzinfo

import structlog
from slack_sdk.errors import SlackApiError

from handlers.answers.sentences import say
from handlers.asking.command import Ask
from handlers.asking.press import Press, Shared
from handlers.desk import Desk
from handlers.places.comparing import Gathering, asked_again, recalled
from handlers.sharing.living import OUTSIDE, NotShownError, Spot, post_there
from handlers.sharing.share import QUIET_SECONDS, tell_presser
from handlers.sharing.threads import remember
from handlers.slack.blocks import Message
from handlers.slack.place import Place
from handlers.slack.reply import ReplyError
from handlers.slack.web import api_error

log = structlog.get_logger(__name__)

_USES = 3
"""Changes through a response address before the last one: it takes five."""


async def compare_for_all(
    desk: Desk, ask: Ask, spot: Spot, user: str, *, refresh: bool = False
) -> None:
    """Post a comparison into a channel or thread, and change it until all have answered.

    Raises:
        NotShownError: Slack lets us post neither as the bot nor through the response address.
        PlaceFailedError: A place was named where nobody is.
    """
    zone = (await desk.reader(user)).zone
    shared = Shared(user=user, at=int(desk.clock().timestamp()))
    gathering = Gathering(desk, ask, zone, refresh=refresh, shared=shared)
    await gathering.look()
    try:
        there = await post_there(desk, spot, gathering.message())
    except NotShownError as error:
        if spot.url is None or error.reason not in OUTSIDE:
            raise
        # Nobody but Slack knows which message that becomes: it is posted once it is whole.
        await _reply(desk, spot, await gathering.run())
        return
    final = await gathering.show(lambda message: _update(desk, there, message))
    await _update(desk, there, final)
    await _remember(desk, there, gathering, ask, shared)


async def _remember(desk: Desk, spot: Spot, gathering: Gathering, ask: Ask, shared: Shared) -> None:
    """In a thread of its own, people ask on about what the bot itself saw."""
    result = gathering.own_result
    answer = await desk.service.recall(result) if result is not None else None
    if answer is not None and spot.thread_ts is None:
        await remember(desk, spot.channel, spot.thread, answer, ask.lang, shared)


async def compare_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Compare from everywhere: below the answer for who pressed; under a shared one for all."""
    public = press.shared is not None and not place.ephemeral
    press = await desk.spoken(place.user, press) if not public else press
    ask = asked_again(press)
    if ask is None:
        await desk.tell(place.response_url, say(press.lang, "slack.press.unknown"))
        return
    if public:
        thread = place.thread_ts or place.message_ts
        spot = Spot(place.channel, thread_ts=thread, url=place.response_url)
        try:
            await compare_for_all(desk, ask, spot, place.user)
        except NotShownError as error:
            await tell_presser(desk, place, error.sentence(press))
        return
    gathering = Gathering(desk, ask, await _zone(desk, place), thread=press.thread)
    told = False

    async def put(message: Message) -> None:
        nonlocal told
        # Each use of this address is a message of its own here: one before the last.
        if not told:
            told = await desk.tell(place.response_url, message)

    final = await gathering.show(put, most=_USES, gap=QUIET_SECONDS)
    await desk.tell(place.response_url, final)


async def again_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Compare again: the message itself changes, for all who see it."""
    ask = asked_again(press)
    if ask is None:
        await desk.tell(place.response_url, say(press.lang, "slack.press.unknown"))
        return
    if press.shared is None or place.ephemeral:
        gathering = Gathering(
            desk, ask, await _zone(desk, place), refresh=True, thread=press.thread
        )

        async def put(message: Message) -> None:
            await desk.tell(place.response_url, message, replace=True)

        await put(await gathering.show(put, most=_USES, gap=QUIET_SECONDS))
        return
    spot = Spot(place.channel, place.message_ts, place.thread_ts, place.response_url)
    async with desk.posts.alone(spot.channel, spot.ts) as alone:
        if not alone:
            log.info("already being compared again", channel=spot.channel)
            return
        zone = (await desk.reader(press.shared.user)).zone
        gathering = Gathering(desk, ask, zone, refresh=True, shared=press.shared)
        try:
            member = await _update(desk, spot, await _first(gathering))
            most = 20 if member else _USES
            final = await gathering.show(lambda message: _update(desk, spot, message), most=most)
            await _update(desk, spot, final)
        except NotShownError as error:
            await tell_presser(desk, place, error.sentence(press))


async def _first(gathering: Gathering) -> Message:
    await gathering.look()
    return gathering.message()


async def share_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Share: the comparison for everybody in the channel, once."""
    if not await desk.first_time("share", f"{place.channel} {place.user} {press.compared}"):
        await desk.tell(place.response_url, say(press.lang, "slack.share.twice"))
        return
    shared = Shared(user=place.user, at=int(desk.clock().timestamp()))
    thread = press.thread or (place.thread_ts if place.ephemeral else None)
    spot = Spot(place.channel, thread_ts=thread, url=place.response_url)
    message = await recalled(desk, press, await _zone(desk, place), shared)
    ask = asked_again(press)
    try:
        if message is None and ask is not None:
            await compare_for_all(desk, ask, spot, place.user)
        elif message is not None:
            await _post_or_reply(desk, spot, message)
    except NotShownError as error:
        await tell_presser(desk, place, error.sentence(press))


async def compare_in(
    desk: Desk, ask: Ask, spot: Spot, user: str, zone: tzinfo
) -> tuple[Message | None, str]:
    """A comparison in somebody's direct messages with the bot, where only they read it.

    Returns:
        The message when it could not be posted there, and Slack's reason.
    """
    gathering = Gathering(desk, ask, zone)
    await gathering.look()
    try:
        there = await post_there(desk, spot, gathering.message())
        final = await gathering.show(lambda message: _update(desk, there, message))
        await _update(desk, there, final)
    except NotShownError as error:
        return await gathering.run(), error.reason
    result = gathering.own_result
    answer = await desk.service.recall(result) if result is not None else None
    if answer is not None:
        await remember(desk, there.channel, there.thread, answer, ask.lang)
    return None, ""


async def _zone(desk: Desk, place: Place) -> tzinfo:
    return (await desk.reader(place.user)).zone


async def _post_or_reply(desk: Desk, spot: Spot, message: Message) -> None:
    try:
        await post_there(desk, spot, message)
    except NotShownError as error:
        if spot.url is None or error.reason not in OUTSIDE:
            raise
        await _reply(desk, spot, message)


async def _reply(desk: Desk, spot: Spot, message: Message, *, replace: bool = False) -> None:
    if spot.url is None:
        raise NotShownError("expired")
    try:
        if replace:
            await desk.reply(spot.url, message, replace=True)
        else:
            await desk.reply(spot.url, message, in_channel=True, thread_ts=spot.thread_ts)
    except ReplyError as error:
        desk.measures.replies_failed.labels(error.reason).inc()
        raise NotShownError(error.reason) from error


async def _update(desk: Desk, spot: Spot, message: Message) -> bool:
    """Change the message; whether the bot could do it as a member."""
    try:
        await desk.client.chat_update(
            channel=spot.channel, ts=spot.ts, text=message.text, blocks=list(message.blocks)
        )
    except SlackApiError as error:
        reason = api_error(error)
        if reason not in OUTSIDE or spot.url is None:
            log.warning("a comparison was not changed", reason=reason, channel=spot.channel)
            raise NotShownError(reason) from error
        await _reply(desk, spot, message, replace=True)
        return False
    return True
