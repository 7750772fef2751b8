"""Talking with the bot: mentions in channels and threads, and direct messages.

A question about a result is answered from the stored result, with its age: no check is run unless
one is asked for. A host or an error line is a new question. Whatever is not understood gets the
list of what can be asked.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from bot.service import Answer
from bot.texts.explanation import phrase_explanation
from bot.watch import Asked, Kind
from handlers.answers.sentences import refusal, say
from handlers.answers.update import tell_later
from handlers.asking.ask import shown_host
from handlers.asking.command import Ask, Verb, parse_command
from handlers.asking.past import host_history
from handlers.asking.press import Press, PressError, decode_press
from handlers.desk import Desk, within
from handlers.places.living import compare_for_all, compare_in
from handlers.sharing.living import NotShownError, Spot, known_post, publish, see_to_update, show
from handlers.sharing.share import check_again
from handlers.sharing.threads import last_press, press_in, press_of, remember, shown_in
from handlers.slack.blocks import Message
from handlers.slack.work import TooMuchWorkError
from handlers.sweeps.heard import asks_to_sweep, sweep_heard
from handlers.talking.errand import answer_question
from handlers.talking.explain import render_explanation
from handlers.talking.heard import Heard, Wish, language_of, placed, read_heard, read_wish
from handlers.talking.scene import Scene, post, tell_directly
from handlers.talking.topic import Told, sentence_about, what_to_ask
from handlers.watches.watching import unwatch_host, watch_host

log = structlog.get_logger(__name__)

QUIET_SECONDS = 1.0
"""A check that is done within this time is not announced."""


async def hear(desk: Desk, event: Mapping[str, Any], arrived: float | None = None) -> None:
    """Take an event, and see to its answer in the background."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    heard = read_heard(event)
    if heard is not None:
        await _take(desk, heard)
    desk.measures.metrics.acknowledged("event", loop.time() - arrived)


async def _take(desk: Desk, heard: Heard) -> None:
    # Slack repeats an event that it did not see acknowledged, also over another connection.
    owed = await desk.begin("heard", f"{heard.channel} {heard.ts}")
    if owed is None:
        return
    try:
        desk.work.start(desk.ledger.carry(owed, _answer, desk, heard), name="talk")
    except TooMuchWorkError as error:
        message = desk.failure(error, desk.lang, "", "talk")
        telling = desk.ledger.carry(owed, post, desk, _scene(desk, heard), message)
        desk.work.start(telling, name="tell", follows=True)


def _scene(desk: Desk, heard: Heard) -> Scene:
    return Scene(
        user=heard.user,
        channel=heard.channel,
        thread=heard.thread,
        direct=heard.direct,
        lang=desk.lang,
        team=heard.team,
    )


async def _answer(desk: Desk, heard: Heard) -> None:
    scene = _scene(desk, heard)
    try:
        reader, press = await asyncio.gather(desk.reader(heard.user), _meant(desk, heard))
        lang = reader.lang if desk.lang_is_set else language_of(heard.text, reader.lang)
        scene = replace(scene, lang=lang, zone=reader.zone)
        if asks_to_sweep(heard):
            await sweep_heard(desk, scene, heard)
            return
        about = press.command.split(" ", 1)[0].rpartition(":")[0].strip("[]") if press else None
        wish = placed(read_wish(heard.text, scene.lang, about), heard.text, desk.places.names())
        await _grant(desk, scene, press, wish)
    except asyncio.CancelledError as error:
        await post(desk, scene, desk.failure(error, scene.lang, "", "talk"))
        raise
    except Exception as error:
        await post(desk, scene, desk.failure(error, scene.lang, "", "talk"))


async def _meant(desk: Desk, heard: Heard) -> Press | None:
    """The result that a message is about: that of its thread, else the last one shown there."""
    if heard.thread_ts is not None:
        return await press_in(desk, heard.channel, heard.thread_ts)
    press = await last_press(desk, heard.channel)
    if press is None or heard.direct:
        return press
    # In a channel "the last one" is what people still have before their eyes.
    known = await desk.service.recall(press.result) if press.result else None
    return press if known is not None else None


async def _grant(desk: Desk, scene: Scene, press: Press | None, wish: Wish) -> None:
    if wish.refused is not None:
        await post(desk, scene, refusal(wish.refused))
        return
    explanation = wish.alert.explanation
    several = len(wish.asks) + (explanation is not None) > 1
    if explanation is not None and not desk.ledger.noted("explained"):
        shown = phrase_explanation(explanation, scene.lang)
        message = render_explanation(shown, scene.lang, button=not wish.asks)
        await post(desk, scene, message)
        if several:
            await desk.ledger.note("explained")
    for number, ask in enumerate(wish.asks):
        if desk.ledger.noted(f"answered {number}"):
            continue
        await check(desk, scene, ask, f"announced {number}")
        if several:
            await desk.ledger.note(f"answered {number}")
    if wish.more > 0:
        await post(desk, scene, say(scene.lang, "talk.more", n=wish.more))
    if explanation is not None or wish.asks:
        return
    known = press.model_copy(update={"lang": scene.lang}) if press is not None else None
    there = _asked_there(known, wish) if known is not None else None
    if there is not None:
        await check(desk, scene, there)
        return
    if press is None or wish.follow.intent == "help":
        await post(desk, scene, what_to_ask(scene.lang, known=press is not None))
        return
    if wish.follow.lang is not None and wish.follow.intent != "letter" and not desk.lang_is_set:
        scene = replace(scene, lang=wish.follow.lang)
    press = press.model_copy(update={"lang": scene.lang})
    if wish.follow.intent == "recheck":
        await _recheck(desk, scene, press)
        return
    told, ts = await _told(desk, scene, press)
    if isinstance(told, Message):
        await post(desk, scene, told, ts)
        return
    for message in await answer_question(desk, scene, told, wish.follow):
        await post(desk, scene, message, ts)
        ts = None


def _asked_there(press: Press, wish: Wish) -> Ask | None:
    """The same question, asked of another place or of all; None: that is not wished."""
    command = parse_command(press.command, press.lang)
    if not isinstance(command, Ask):
        return None
    if wish.follow.intent == "compare":
        return replace(command, lang=press.lang, verb="compare", vantages=())
    if wish.place is None:
        return None
    verb: Verb = "watch" if wish.follow.intent == "watch" else "check"
    return replace(command, lang=press.lang, verb=verb, vantages=(wish.place,))


async def _told(desk: Desk, scene: Scene, press: Press) -> tuple[Told | Message, str | None]:
    """The stored result, or when that is gone a new one; and the message that announced it."""
    answer = await desk.service.recall(press.result) if press.result else None
    ts = None
    anew = answer is None
    if answer is None:
        found, ts = await _announced(desk, scene, press, refresh=False)
        if isinstance(found, Message):
            return found, ts
        answer = found
        await _remember(desk, scene, answer, press)
    report = desk.presenter.phrased(answer, scene.lang, scene.zone)
    return Told(answer, report, scene.lang, scene.zone, anew), ts


async def _announced(
    desk: Desk, scene: Scene, press: Press, *, refresh: bool
) -> tuple[Answer | Message, str | None]:
    """A check; when it takes long, it is said that it is under way."""
    task = desk.work.start(desk.answer_of(press, refresh=refresh), name="talk", follows=True)
    try:
        host = press.command.split(" ", 1)[0].removesuffix(":443")
        ts = await _announce(desk, scene, task, host, "announced")
        return await task, ts
    except asyncio.CancelledError:
        task.cancel()
        raise


async def _recheck(desk: Desk, scene: Scene, press: Press) -> None:
    """A new check: the shared message at the head of the thread shows it, else a new one does."""
    if not scene.direct and scene.thread is not None:
        there = await shown_in(desk, scene.channel, scene.thread)
        spot = Spot(scene.channel, there, scene.thread if there != scene.thread else None)
        shown = await _shown_there(desk, spot, press)
        if shown is not None:
            await post(desk, scene, await _renewed(desk, scene, spot, shown))
            return
    found, ts = await _announced(desk, scene, press, refresh=True)
    if isinstance(found, Message):
        await post(desk, scene, found, ts)
        return
    await _show(desk, scene, found, ts)


async def _shown_there(desk: Desk, spot: Spot, press: Press) -> Press | None:
    """What the buttons of a living message carry, when it shows the host that is asked about."""
    known = await known_post(desk, spot)
    try:
        shown = decode_press(known.value) if known is not None else None
    except PressError:
        return None
    same = shown is not None and _meant_by(shown) == _meant_by(press)
    return shown if same else None


def _meant_by(press: Press) -> tuple[str, str | None]:
    """The host of a press, and the place that is asked."""
    command = parse_command(press.command, press.lang)
    there = command.vantage if isinstance(command, Ask) else None
    return press.command.split(" ", 1)[0], there


async def _renewed(desk: Desk, scene: Scene, spot: Spot, shown: Press) -> Message:
    """Have the living message checked again; returns what is said to who asked for it."""
    async with desk.posts.alone(spot.channel, spot.ts) as alone:
        if not alone:
            return say(scene.lang, "talk.recheck.busy")
        problem = await check_again(desk, spot, shown)
    if problem is not None:
        return problem
    press = await press_in(desk, spot.channel, spot.thread)
    answer = await desk.service.recall(press.result) if press and press.result else None
    if answer is None:
        return say(scene.lang, "talk.recheck.shown")
    report = desk.presenter.phrased(answer, scene.lang, scene.zone)
    told = Told(answer, report, scene.lang, scene.zone)
    return sentence_about(told, "talk.recheck.done", summary=report.summary)


async def _announce(
    desk: Desk, scene: Scene, task: "asyncio.Task[Any]", host: str, note: str
) -> str | None:
    """Say that a check takes long; returns the message that says so, which the answer replaces.

    Under the name `note` it is found again by a bot that takes over.
    """
    known = desk.ledger.noted(note)
    if known:
        return known
    if await within(task, QUIET_SECONDS):
        return None
    ts = await post(desk, scene, say(scene.lang, "slack.checking", host=host))
    if ts is not None:
        await desk.ledger.note(note, ts)
    return ts


async def check(desk: Desk, scene: Scene, ask: Ask, note: str = "announced") -> None:
    """Answer a new question in the scene: a check, or what else was asked for of a host."""
    asked = Asked(
        channel=scene.channel,
        user=scene.user,
        lang=scene.lang,
        thread_ts=scene.thread,
        team=scene.team,
    )
    match ask.verb:
        case "watch" | "watch_expiry":
            kind: Kind = "state" if ask.verb == "watch" else "expiry"
            message = await watch_host(desk, ask.question, kind, asked, ask.vantage)
        case "unwatch":
            message = await unwatch_host(desk, ask.question, scene.channel, scene.lang, ask.vantage)
        case "history":
            message = await host_history(desk, ask.question, scene.lang, ask.vantage)
        case "compare" | "compare_share":
            await _compare(desk, scene, ask)
            return
        case "check":
            await _check(desk, scene, ask, note)
            return
    await post(desk, scene, message)


async def _compare(desk: Desk, scene: Scene, ask: Ask) -> None:
    """All places at once: a message that changes as they answer."""
    spot = Spot(scene.channel, thread_ts=scene.thread)
    if scene.direct:
        message, reason = await compare_in(desk, ask, spot, scene.user, scene.zone)
        if message is not None:
            log.warning("a comparison was not posted", reason=reason)
        return
    try:
        await compare_for_all(desk, ask, spot, scene.user)
    except NotShownError as error:
        said = error.sentence(Press(command=ask.question.target.host, lang=ask.lang))
        await tell_directly(desk, scene, error.reason, said)


async def _check(desk: Desk, scene: Scene, ask: Ask, note: str) -> None:
    task = desk.work.start(
        desk.service.ask(ask.question, vantage=ask.vantage), name="talk", follows=True
    )
    try:
        ts = await _announce(desk, scene, task, shown_host(ask.question.target), note)
        answer = await task
    except asyncio.CancelledError:
        task.cancel()
        raise
    await _show(desk, replace(scene, lang=ask.lang), answer, ts)


async def _show(desk: Desk, scene: Scene, answer: Answer, ts: str | None) -> None:
    """Post a whole answer, which the talk there is about from now on.

    `ts`: the message that announced it, which it takes the place of.
    """
    if not scene.direct:
        await _show_to_all(desk, scene, answer, ts)
        return
    message = desk.presenter.message(answer, scene.lang, scene.zone)
    ts = await post(desk, scene, message, ts)
    if ts is None:
        return
    await remember(desk, scene.channel, scene.thread or ts, answer, scene.lang)

    async def put(later: Answer) -> None:
        message = desk.presenter.message(later, scene.lang, scene.zone)
        await post(desk, scene, message, ts)

    tell_later(desk, answer, put)


async def _show_to_all(desk: Desk, scene: Scene, answer: Answer, ts: str | None) -> None:
    """As a message that lives: new checks change it."""
    try:
        if ts is None:
            spot = Spot(scene.channel, thread_ts=scene.thread)
            await publish(desk, spot, answer, scene.lang, scene.user)
            return
        spot = Spot(scene.channel, ts, scene.thread)
        press = press_of(answer, scene.lang, scene.shared(desk))
        await show(desk, spot, press, answer, history=False)
        see_to_update(desk, spot, press, answer)
    except NotShownError as error:
        message = desk.presenter.message(answer, scene.lang, scene.zone)
        await tell_directly(desk, scene, error.reason, message)


async def _remember(desk: Desk, scene: Scene, answer: Answer, press: Press) -> None:
    await remember(desk, scene.channel, scene.thread or "", answer, press.lang, press.shared)
