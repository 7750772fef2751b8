"""The listeners of the Home tab: opening it, checking from it, ending watches, the language.

Everything is acknowledged at once and worked on in the background. An answer opens in a window,
which takes the trigger of the press while it lives; the tab is published anew behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.audit import Asker, current_asker, note
from bot.audit import asked as audited
from bot.diagnosis.question import Question
from bot.history import is_kept, subject_key
from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.store.recent import Checked
from bot.texts.catalogue import LANGS, Lang, catalogue
from handlers.answers.sentences import refusal
from handlers.answers.update import tell_later
from handlers.asking.ask import shown_host
from handlers.asking.command import Ask, Refused, command_text, parse_command
from handlers.asking.noted import person_place
from handlers.asking.press import Press, decode_press
from handlers.asking.pressed import press_delivery
from handlers.asking.recent import seen_later
from handlers.desk import Desk, within
from handlers.home.tab import AGAIN, CHECK_TYPED, CHOOSE, HOST, HOST_BLOCK, STOP, Expiring, Known
from handlers.home.tab import home_view as view_of
from handlers.owed.delivery import is_resumed
from handlers.owed.telling import tell_lost
from handlers.sharing.share import tell_presser
from handlers.slack.blocks import Message
from handlers.slack.place import Place, read_place
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError
from handlers.windows.details import Opened, sentence_view
from handlers.windows.window import show, update

log = structlog.get_logger(__name__)

EVENT: Final = "app_home_opened"

QUIET_SECONDS = 0.4
"""What is looked up within this time needs no "one moment" before it."""
NAME_SECONDS = 2.0
"""How long Slack may take to say who this is, before the tab is shown without."""
ASKED_LATELY = timedelta(days=7)
"""Channels in which somebody asked are shown to them for so long: they may have left since."""
CHANNELS = 3
HISTORIES = 40

Act = Callable[["Desk", Place, Mapping[str, Any], Mapping[str, Any]], Awaitable[None]]


async def open_home(desk: Desk, event: Mapping[str, Any], arrived: float | None = None) -> None:
    """Somebody opened the app: its Home tab is published for them."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    user = event.get("user")
    if event.get("tab") == "home" and isinstance(user, str) and user:
        try:
            desk.work.start(_opened(desk, user, str(event.get("event_ts"))), name="home")
        except TooMuchWorkError:
            log.info("a Home tab stays as it was", reason="too much work")
    desk.measures.metrics.acknowledged("event", loop.time() - arrived)


async def _opened(desk: Desk, user: str, delivery: str) -> None:
    if await desk.first_time("home", f"{user} {delivery}"):
        await publish(desk, user)


async def publish(desk: Desk, user: str) -> None:
    """Show somebody's Home tab as it is now; what Slack refuses is in the log."""
    asker = current_asker()
    reader, chosen = await asyncio.gather(desk.reader(user, NAME_SECONDS), desk.chosen_lang(user))
    task = desk.work.start(_known(desk, asker, user), name="home", follows=True)
    try:
        if not await within(task, QUIET_SECONDS):
            await _put(desk, user, view_of(None, reader.lang, chosen, desk.clock()))
        await _put(desk, user, view_of(await task, reader.lang, chosen, desk.clock()))
    except SlackApiError as error:
        log.warning("Home tab not published", reason=api_error(error))
    except (SlackRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
        log.warning("Home tab not published", reason=type(error).__name__)


async def _put(desk: Desk, user: str, view: Mapping[str, Any]) -> None:
    await desk.client.views_publish(user_id=user, view=dict(view))


async def _known(desk: Desk, asker: Asker, user: str) -> Known:
    now = desk.clock()
    try:
        own, watches = await asyncio.gather(
            desk.recent.of(person_place(asker), now), desk.watches.of_person(user)
        )
        seen = {one.question.digest() for one in own}
        lately = (one.channel for one in own if now - one.at < ASKED_LATELY)
        # Of direct messages nobody else sees anything.
        names = [one for one in dict.fromkeys(lately) if one and not one.startswith("D")]
        names = names[:CHANNELS]
        lists = await asyncio.gather(*(desk.recent.of(one, now) for one in names))
        channels = [
            (name, [one for one in found if one.question.digest() not in seen])
            for name, found in zip(names, lists, strict=True)
        ]
        later = await seen_later(desk, [*own, *(one for _, found in channels for one in found)])
        questions = [one.question for one in watches] + [one.question for one in own]
        expiring = await _expiring(desk, questions)
    except StoreAwayError:
        return Known(away=True)
    with_entries: list[tuple[str, list[Checked]]] = [one for one in channels if one[1]]
    return Known(own=own, channels=with_entries, watches=watches, expiring=expiring, later=later)


async def _expiring(desk: Desk, questions: list[Question]) -> list[Expiring]:
    vantage = desk.service.vantage_name
    targets = {subject_key(one.target, vantage): one.target for one in questions if is_kept(one)}
    chosen = list(targets.items())[:HISTORIES]
    now = desk.clock()
    histories = await asyncio.gather(*(desk.histories.newest(subject) for subject, _ in chosen))
    found = []
    for (_, target), entries in zip(chosen, histories, strict=True):
        # A host that cannot be reached now still has the certificate that it had.
        with_leaf = [one for one in entries if one.state.leaf is not None]
        leaf = with_leaf[-1].state.leaf if with_leaf else None
        if leaf is not None and leaf.not_after > now - timedelta(days=30):
            found.append(Expiring(target, leaf.not_after))
    return sorted(found, key=lambda one: one.not_after)


async def act(
    desk: Desk,
    listener: Act,
    body: Mapping[str, Any],
    action: Mapping[str, Any],
    arrived: float | None = None,
) -> None:
    """Run the listener of something in the tab once, in the background."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    place = read_place(body)
    owed = await desk.begin("press", press_delivery(place, action))
    if owed is not None:
        try:
            acting = desk.ledger.carry(owed, _act, desk, listener, place, body, action)
            desk.work.start(acting, name="home")
        except TooMuchWorkError as error:
            message = desk.failure(error, desk.lang, "", "home")
            telling = desk.ledger.carry(owed, tell_presser, desk, place, message)
            desk.work.start(telling, name="tell", follows=True)
    desk.measures.metrics.acknowledged("action", loop.time() - arrived)


async def _act(
    desk: Desk,
    listener: Act,
    place: Place,
    body: Mapping[str, Any],
    action: Mapping[str, Any],
) -> None:
    try:
        if is_resumed() and listener in (check_typed, check_again):
            # The trigger of the press is gone, and with it the window.
            await tell_lost(desk, body, current_asker(), await _wanted(desk, place, body, action))
            return
        await listener(desk, place, body, action)
    except asyncio.CancelledError as error:
        await tell_presser(desk, place, desk.failure(error, desk.lang, "", "home"))
        raise
    except Exception as error:
        lang = (await desk.reader(place.user)).lang
        await tell_presser(desk, place, desk.failure(error, lang, "", "home"))


async def _wanted(
    desk: Desk, place: Place, body: Mapping[str, Any], action: Mapping[str, Any]
) -> Press | None:
    """What a press in the tab wanted to have checked."""
    if action.get("action_id") == AGAIN:
        return decode_press(action.get("value"))
    command = parse_command(_typed(body, action), (await desk.reader(place.user)).lang)
    if not isinstance(command, Ask):
        return None
    return Press(command=command_text(command.question, command.lang), lang=command.lang)


async def check_typed(
    desk: Desk, place: Place, body: Mapping[str, Any], action: Mapping[str, Any]
) -> None:
    """The box: what stands typed there is checked, and answered in a window."""
    lang = (await desk.reader(place.user)).lang
    command = parse_command(_typed(body, action), lang)
    if isinstance(command, Ask) and command.verb == "check":
        question, vantage = command.question, command.vantage
        host = shown_host(question.target)

        async def ask() -> Answer:
            return await desk.service.ask(question, vantage=vantage)

        await _answer(desk, place, command.lang, host, ask)
        return
    if isinstance(command, Refused):
        said = refusal(command).text
    else:
        said = catalogue(lang).text("home.check.usage")
    await desk.client.views_open(trigger_id=place.trigger_id, view=sentence_view(lang, said))


async def check_again(
    desk: Desk, place: Place, _body: Mapping[str, Any], action: Mapping[str, Any]
) -> None:
    """Check again: a new check, answered in a window."""
    press = decode_press(action.get("value"))
    host = press.command.split(" ", 1)[0].removesuffix(":443")
    await _answer(desk, place, press.lang, host, lambda: desk.answer_of(press, refresh=True))


async def stop_watch(
    desk: Desk, place: Place, _body: Mapping[str, Any], action: Mapping[str, Any]
) -> None:
    """End a watch of one's own; it is gone from the tab then."""
    press = decode_press(action.get("value"))
    try:
        watch = await desk.watches.get(press.watch) if press.watch else None
        if watch is not None and watch.user == place.user and await desk.watches.remove(watch):
            note("unwatch", **audited(watch.question), kind=watch.kind)
    except StoreAwayError:
        log.info("a watch was not ended", reason="Redis is away")
    await publish(desk, place.user)


async def choose_lang(
    desk: Desk, place: Place, _body: Mapping[str, Any], action: Mapping[str, Any]
) -> None:
    """The language of all that is said to this person, from now on."""
    option = action.get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    chosen: Lang | None = next((one for one in LANGS if one == value), None)
    try:
        await desk.choices.choose_lang(place.user, chosen)
    except StoreAwayError:
        log.info("a language was not kept", reason="Redis is away")
    await publish(desk, place.user)


def acts() -> dict[str, Act]:
    """Every action id of the tab with its listener; its other buttons are those of answers."""
    return {
        HOST: check_typed,
        CHECK_TYPED: check_typed,
        AGAIN: check_again,
        STOP: stop_watch,
        CHOOSE: choose_lang,
    }


async def _answer(
    desk: Desk,
    place: Place,
    lang: Lang,
    host: str,
    ask: Callable[[], Awaitable[Answer | Message]],
) -> None:
    """Open a window at once, fill it with the answer, and publish the tab anew behind it."""
    checking = catalogue(lang).text("slack.checking", host=host)
    opened = await desk.client.views_open(
        trigger_id=place.trigger_id, view=sentence_view(lang, checking)
    )
    view_id = str(opened["view"]["id"])

    async def put(shown: Answer) -> None:
        # Built without checks as in `window`: a result of another version may have another id.
        press = Press.model_construct(
            result=shown.report.id,
            command=command_text(shown.record.question, lang, shown.record.place),
            lang=lang,
        )
        opened = Opened.model_construct(press=press)
        await show(desk, view_id, place.user, opened, known=shown)

    try:
        answer = await ask()
    except asyncio.CancelledError as error:
        sentence = desk.failure(error, lang, host, "home").text
        await update(desk, view_id, sentence_view(lang, sentence))
        raise
    except Exception as error:
        sentence = desk.failure(error, lang, host, "home").text
        await update(desk, view_id, sentence_view(lang, sentence))
        return
    if isinstance(answer, Message):
        await update(desk, view_id, sentence_view(lang, answer.text))
        return
    await put(answer)
    tell_later(desk, answer, put)
    await publish(desk, place.user)


def _typed(body: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    value: Any = body
    for name in ("view", "state", "values", HOST_BLOCK, HOST, "value"):
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str) and action.get("action_id") == HOST:
        value = action.get("value")
    return value if isinstance(value, str) else ""
