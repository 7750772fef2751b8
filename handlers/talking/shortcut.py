"""The message shortcut "Check TLS in this message": what its error means, and a check of its server.

The presser alone sees the answer; Share posts it under the message. Where no server is named, a
window asks for one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError

from bot.diagnosis.question import Question
from bot.diagnosis.report import Target
from bot.service import Answer
from bot.texts.catalogue import Lang, catalogue
from bot.texts.explanation import phrase_explanation
from handlers.answers.sentences import refusal, say
from handlers.answers.update import tell_later
from handlers.asking.ask import shown_host
from handlers.asking.command import Ask, Refused, command_text, parse_command
from handlers.asking.press import CHECK, Press
from handlers.desk import Desk, Reader, within
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Message
from handlers.slack.escape import visible
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError
from handlers.talking.alert import Alert, read_alert
from handlers.talking.explain import render_explanation
from handlers.windows.details import View

log = structlog.get_logger(__name__)

MESSAGE_SHORTCUT: Final = "tlscheck_message"
HOST_VIEW: Final = "tlscheck_host_view"
"""Callback id of the window that asks for a server."""
_INPUT: Final = "tlscheck_host_input"
_HOST: Final = "tlscheck_host"

QUIET_SECONDS = 1.0
"""A check that is done within this time is not announced."""


class Spot(BaseModel):
    """Where the answer goes: a message's thread, to one person; kept in the window, too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    channel: str = ""
    user: str = ""
    lang: Lang
    thread: str | None = Field(default=None, pattern=r"^\d{1,20}\.\d{1,10}$")
    """The message that Share posts under."""
    within: bool = False
    """The message stands in a thread itself: the answer belongs there, too."""


async def answer_shortcut(
    desk: Desk, body: Mapping[str, Any], arrived: float | None = None
) -> None:
    """Take a shortcut, and see to its answer in the background."""
    loop = asyncio.get_running_loop()
    arrived = arrived or loop.time()
    owed = await desk.begin("shortcut", _text(body, "trigger_id"))
    if owed is not None:
        try:
            desk.work.start(desk.ledger.carry(owed, _answer, desk, body), name="shortcut")
        except TooMuchWorkError as error:
            spot = _spot(body, Reader(desk.lang))
            message = desk.failure(error, desk.lang, "", "shortcut")
            telling = desk.ledger.carry(owed, _say, desk, spot, message)
            desk.work.start(telling, name="tell", follows=True)
    desk.measures.metrics.acknowledged("shortcut", loop.time() - arrived)


async def _answer(desk: Desk, body: Mapping[str, Any]) -> None:
    trigger = _text(body, "trigger_id")
    reader = await desk.reader(_text(body, "user", "id"))
    spot = _spot(body, reader)
    try:
        message = body.get("message")
        alert = read_alert(message if isinstance(message, Mapping) else {})
        await _tell_about(desk, spot, reader, alert, trigger)
    except asyncio.CancelledError as error:
        await _say(desk, spot, desk.failure(error, spot.lang, "", "shortcut"))
        raise
    except Exception as error:
        await _say(desk, spot, desk.failure(error, spot.lang, "", "shortcut"))


async def _tell_about(desk: Desk, spot: Spot, reader: Reader, alert: Alert, trigger: str) -> None:
    if alert.explanation is not None and not desk.ledger.noted("explained"):
        shown = phrase_explanation(alert.explanation, spot.lang)
        await _say(desk, spot, render_explanation(shown, spot.lang, button=not alert.targets))
        if alert.targets:
            await desk.ledger.note("explained")
    if not alert.targets:
        if alert.explanation is None:
            await _ask_for_host(desk, spot, trigger)
        return
    first, *others = alert.targets
    if not desk.ledger.noted("checked"):
        await _check(desk, spot, reader, Ask(spot.lang, Question(target=first)))
    if others:
        await desk.ledger.note("checked")
        await _say(desk, spot, _choice(others, spot))


def _choice(targets: Sequence[Target], spot: Spot) -> Message:
    """The other servers of the message, each with a button."""
    texts = catalogue(spot.lang)
    title = texts.text("talk.shortcut.others", n=len(targets))
    made: list[Block] = [{"type": "section", "text": blocks.plain(title)}]
    for target in targets:
        name = visible(shown_host(target))
        section: Block = {"type": "section", "text": blocks.plain(name, 200)}
        command = command_text(Question(target=target), spot.lang)
        try:
            value = Press(command=command, lang=spot.lang, thread=spot.thread).encode()
        except ValueError:
            value = None
        if value is not None:
            label = texts.text("talk.shortcut.check")
            section["accessory"] = blocks.button(CHECK, label, value)
        made.append(section)
    return Message(title, tuple(made))


async def _check(desk: Desk, spot: Spot, reader: Reader, ask: Ask) -> None:
    host = shown_host(ask.question.target)
    task = desk.work.start(
        desk.service.ask(ask.question, vantage=ask.vantage), name="shortcut", follows=True
    )
    try:
        if not await within(task, QUIET_SECONDS):
            await _say(desk, spot, desk.waiting(spot.lang, host))
        answer = await task
    except asyncio.CancelledError:
        task.cancel()
        raise
    message = desk.presenter.message(answer, ask.lang, reader.zone, thread=spot.thread)
    await _say(desk, spot, message)

    async def tell(later: Answer) -> None:
        update = desk.presenter.message(
            later, ask.lang, reader.zone, thread=spot.thread, updates=True
        )
        await _say(desk, spot, update)

    tell_later(desk, answer, tell)


async def _say(desk: Desk, spot: Spot, message: Message) -> None:
    """To this person alone: in the message's thread, or in the channel where it heads none yet.

    A response address posts into the channel only; an ephemeral message in a thread that nobody
    has begun is seen by nobody (docs.slack.dev/reference/methods/chat.postEphemeral).
    """
    if spot.within and spot.thread is not None:
        try:
            await desk.client.chat_postEphemeral(
                channel=spot.channel,
                user=spot.user,
                thread_ts=spot.thread,
                text=message.text,
                blocks=list(message.blocks),
            )
        except SlackApiError as error:
            # `not_in_channel` and the like: the address works everywhere.
            log.info("not told in the thread", reason=api_error(error), channel=spot.channel)
        else:
            return
    await desk.tell(spot.url, message)


async def _ask_for_host(desk: Desk, spot: Spot, trigger: str) -> None:
    try:
        await desk.client.views_open(trigger_id=trigger, view=host_view(spot))
    except SlackApiError as error:
        log.info("no window to ask for a server", reason=api_error(error))
        await _say(desk, spot, say(spot.lang, "talk.shortcut.nothing"))


def host_view(spot: Spot) -> View:
    """The window that asks for a server; the answer goes to `spot`."""
    texts = catalogue(spot.lang)
    return {
        "type": "modal",
        "callback_id": HOST_VIEW,
        "title": blocks.plain(texts.text("talk.host.title"), limits.VIEW_TITLE),
        "submit": blocks.plain(texts.text("talk.host.submit"), limits.VIEW_SUBMIT),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
        "private_metadata": spot.model_dump_json(exclude_none=True),
        "blocks": [
            {"type": "section", "text": blocks.plain(texts.text("talk.shortcut.nothing"))},
            {
                "type": "input",
                "block_id": _INPUT,
                "label": blocks.plain(texts.text("talk.host.label")),
                "hint": blocks.plain(texts.text("talk.host.hint")),
                "element": {
                    "type": "plain_text_input",
                    "action_id": _HOST,
                    "max_length": 500,
                    "focus_on_load": True,
                },
            },
        ],
    }


async def answer_host(desk: Desk, ack: AsyncAck, body: Mapping[str, Any]) -> None:
    """Take the server that was typed into the window, close it, and check."""
    view = body.get("view")
    try:
        metadata = view.get("private_metadata") if isinstance(view, Mapping) else None
        spot = Spot.model_validate_json(metadata if isinstance(metadata, str) else "")
    except ValidationError:
        await ack()
        log.warning("a window of another version was sent off")
        return
    typed = _text(body, "view", "state", "values", _INPUT, _HOST, "value")
    command = parse_command(typed, spot.lang)
    if not isinstance(command, Ask) or command.verb != "check":
        texts = catalogue(spot.lang)
        said = refusal(command).text if isinstance(command, Refused) else None
        errors = {_INPUT: said or texts.text("talk.host.hint")}
        await ack(response_action="errors", errors=errors)
        return
    await ack()
    # The window itself was taken once by the gate.
    owed = await desk.owe("window", _text(body, "trigger_id"))
    try:
        desk.work.start(desk.ledger.carry(owed, _check_typed, desk, spot, command), name="shortcut")
    except TooMuchWorkError as error:
        message = desk.failure(error, spot.lang, "", "shortcut")
        telling = desk.ledger.carry(owed, _say, desk, spot, message)
        desk.work.start(telling, name="tell", follows=True)


async def _check_typed(desk: Desk, spot: Spot, command: Ask) -> None:
    try:
        await _check(desk, spot, await desk.reader(spot.user), command)
    except Exception as error:
        host = shown_host(command.question.target)
        await _say(desk, spot, desk.failure(error, spot.lang, host, "shortcut"))


def _spot(body: Mapping[str, Any], reader: Reader) -> Spot:
    own = _text(body, "message", "ts") or _text(body, "message_ts")
    head = _text(body, "message", "thread_ts")
    try:
        return Spot(
            url=_text(body, "response_url") or None,
            channel=_text(body, "channel", "id"),
            user=_text(body, "user", "id"),
            lang=reader.lang,
            thread=head or own or None,
            within=bool(head),
        )
    except ValidationError:
        return Spot(url=_text(body, "response_url") or None, lang=reader.lang)


def _text(body: Mapping[str, Any], *path: str) -> str:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
