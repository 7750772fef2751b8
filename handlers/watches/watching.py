"""Beginning, listing and ending watches: by command and by button, by anyone in the channel."""

import hashlib
import secrets

from bot.audit import asked as audited
from bot.audit import note
from bot.diagnosis.question import Question
from bot.history import is_kept
from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.store.watches import MOST_IN_CHANNEL, TooManyWatchesError
from bot.texts.catalogue import Lang, catalogue
from bot.watch import Asked, Kind, Watch, begin, next_look
from handlers.answers.news import moment
from handlers.answers.sentences import say
from handlers.asking.command import command_text
from handlers.asking.press import WATCH_EXPIRY, Press
from handlers.desk import Desk
from handlers.owed.delivery import current_owed
from handlers.sharing.living import Spot, note_shown
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Message
from handlers.slack.escape import mrkdwn
from handlers.slack.place import Place
from handlers.watches.teller import stop_button, watch_name, watched_name

LISTED = 20


async def watch_host(
    desk: Desk, question: Question, kind: Kind, asked: Asked, vantage: str | None = None
) -> Message:
    """Begin a watch, after a look at how the host is now.

    Args:
        desk: The tools.
        question: What is watched; special conditions are refused.
        kind: For its state or its end.
        asked: Who asks, and where the news go.
        vantage: The place that looks; None: the bot's own.

    Returns:
        The sentence for the asker.

    Raises:
        CheckFailedError: From the service.
    """
    if not is_kept(question):
        return say(asked.lang, "watch.conditions")
    return await _begin(desk, await desk.service.ask(question, vantage=vantage), kind, asked)


async def watch_answer(desk: Desk, answer: Answer, kind: Kind, asked: Asked) -> Message:
    """Begin a watch from the result that the asker has before them."""
    if not is_kept(answer.record.question):
        return say(asked.lang, "watch.conditions")
    return await _begin(desk, answer, kind, asked)


async def _begin(desk: Desk, answer: Answer, kind: Kind, asked: Asked) -> Message:
    lang = asked.lang
    # Half an answer is no beginning: what arrives later would look like a change.
    answer = await desk.service.later(answer) or answer
    question = answer.record.without_input().question
    now = desk.clock()
    watch = begin(
        _watch_id(question, kind, answer.record.place),
        kind,
        question,
        report=answer.report,
        asked=asked,
        now=now,
        vantage=answer.record.place,
    )
    host = watch_name(watch, catalogue(lang))
    try:
        id_ = await desk.watches.add(watch, next_look(watch, now))
    except TooManyWatchesError:
        return say(lang, "watch.full", n=MOST_IN_CHANNEL)
    except StoreAwayError:
        return say(lang, "watch.away")
    note("watch", **audited(question), kind=kind)
    if id_ != watch.id:
        return say(lang, "watch.known", host=host)
    texts = catalogue(lang)
    if kind == "expiry":
        told = texts.text("watch.started_expiry", host=mrkdwn(host), days=texts.text("watch.days"))
    else:
        told = texts.text("watch.started", host=mrkdwn(host))
    buttons = [one for one in (stop_button(watch, texts),) if one is not None]
    if kind == "state":
        command = command_text(question, lang, watch.vantage)
        value = Press(command=command, lang=lang).encode()
        if value is not None:
            buttons.append(blocks.button(WATCH_EXPIRY, texts.text("watch.button.expiry"), value))
    return Message(told, (_section(told), blocks.actions(*buttons)))


def _watch_id(question: Question, kind: Kind, place: str | None) -> str:
    """Random; the same again for who takes over, so that it is no second watch there."""
    owed = current_owed()
    if owed is None:
        return secrets.token_hex(16)
    named = f"{owed.debt.id}\n{question.digest()}\n{kind}\n{place or ''}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]


async def list_watches(desk: Desk, channel: str, lang: Lang) -> Message:
    """What is watched in a channel, each with a button that ends it."""
    try:
        watches = await desk.watches.of_channel(channel)
    except StoreAwayError:
        return say(lang, "watch.away")
    if not watches:
        return say(lang, "watch.none")
    texts = catalogue(lang)
    made: list[Block] = [blocks.header(texts.text("watch.list.title"))]
    for watch in watches[:LISTED]:
        line = texts.text(
            f"watch.list.{watch.kind}",
            host=mrkdwn(watch_name(watch, texts)),
            user=f"<@{watch.user}>",
            when=moment(watch.seen),
        )
        section = _section(line)
        stop = stop_button(watch.model_copy(update={"lang": lang}), texts)
        if stop is not None:
            section["accessory"] = stop
        made.append(section)
    if len(watches) > LISTED:
        made.append(blocks.context(texts.text("watch.list.more", n=len(watches) - LISTED)))
    return Message(texts.text("watch.list.title"), tuple(made[: limits.MESSAGE_BLOCKS]))


async def unwatch_host(
    desk: Desk, question: Question, channel: str, lang: Lang, vantage: str | None = None
) -> Message:
    """End every watch of a host in a channel; with a place, only those that look from there."""
    target = question.target
    host = watched_name(target)
    try:
        ended = [
            one
            for one in await desk.watches.of_channel(channel)
            if one.question.target.host == target.host
            and one.question.target.port == target.port
            and vantage in (None, one.vantage)
        ]
        for one in ended:
            await desk.watches.remove(one)
            note("unwatch", **audited(one.question), kind=one.kind)
    except StoreAwayError:
        return say(lang, "watch.away")
    return say(lang, "watch.ended_self" if ended else "watch.not_watched", host=host)


async def pressed_watch(desk: Desk, place: Place, press: Press, kind: Kind) -> None:
    """A button that begins a watch; its news go under the message where everybody sees that."""
    answer = await desk.answer_of(press)
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer)
        return
    if press.shared is not None and not place.ephemeral:
        await note_shown(desk, Spot(place.channel, place.message_ts, place.thread_ts), press)
    thread = place.thread_ts or (None if place.ephemeral else place.message_ts or None)
    asked = Asked(
        channel=place.channel,
        user=place.user,
        lang=press.lang,
        thread_ts=thread,
        message_ts=None if place.ephemeral else place.message_ts or None,
    )
    await desk.tell(place.response_url, await watch_answer(desk, answer, kind, asked))


async def watch_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Watch until fixed."""
    await pressed_watch(desk, place, press, "state")


async def expiry_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Remind before it expires."""
    await pressed_watch(desk, place, press, "expiry")


async def unwatch_pressed(desk: Desk, place: Place, press: Press) -> None:
    """Stop watching, by anyone in the channel; the watcher is told who did it."""
    try:
        watch: Watch | None = await desk.watches.get(press.watch) if press.watch else None
        # The button may have been carried elsewhere: only the channel itself ends its watches.
        if watch is None or not _belongs(watch, place) or not await desk.watches.remove(watch):
            await desk.tell(place.response_url, say(press.lang, "watch.gone"))
            return
    except StoreAwayError:
        await desk.tell(place.response_url, say(press.lang, "watch.away"))
        return
    host = watch_name(watch, catalogue(press.lang))
    note("unwatch", **audited(watch.question), kind=watch.kind)
    texts = catalogue(press.lang)
    if watch.user == place.user:
        await desk.tell(place.response_url, say(press.lang, "watch.ended_self", host=host))
        return
    line = texts.text("watch.ended", user=f"<@{place.user}>", host=mrkdwn(host))
    await desk.tell(place.response_url, Message(line, (_section(line),)))
    await desk.client.chat_postEphemeral(
        channel=watch.channel, user=watch.user, text=line, thread_ts=watch.thread_ts
    )


def _belongs(watch: Watch, place: Place) -> bool:
    return place.channel == watch.channel or place.user == watch.user


def _section(text: str) -> Block:
    return {"type": "section", "text": blocks.marked(text)}
