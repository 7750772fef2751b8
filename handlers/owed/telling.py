"""Telling the asker what nobody could finish: one sentence where they asked, and how to ask again."""

from collections.abc import Mapping
from typing import Any

import structlog

from bot.audit import Asker
from bot.texts.catalogue import catalogue
from handlers.answers.sentences import say
from handlers.asking.command import Ask, command_text, parse_command
from handlers.asking.press import CHECK, Press, PressError, decode_press
from handlers.desk import Desk
from handlers.manners.refusing import say_on_surface
from handlers.slack import blocks
from handlers.slack.blocks import Message
from handlers.slack.place import Place

log = structlog.get_logger(__name__)


async def tell_lost(
    desk: Desk, body: Mapping[str, Any], asker: Asker, press: Press | None = None
) -> None:
    """Nobody could finish it. `press` asks it again, where the caller knows how."""
    lang = (await desk.reader(asker.user)).lang
    press = press or _asked(body, lang)
    message = say(lang, "owed.lost")
    if press is not None and (value := press.encode()) is not None:
        label = catalogue(lang).text("slack.button.recheck")
        message = _with(message, blocks.button(CHECK, label, value))
    desk.measures.debts_taken_over.labels("told").inc()
    try:
        if asker.surface == "home":
            # The tab itself stays; a user's id opens the direct messages with them.
            await desk.client.chat_postMessage(
                channel=asker.user, text=message.text, blocks=list(message.blocks)
            )
        else:
            await say_on_surface(desk, body, asker, message)
    except Exception as error:
        log.error("a person was not answered", reason=type(error).__name__, surface=asker.surface)


async def tell_to_press_again(
    desk: Desk, place: Place, press: Press, action: Mapping[str, Any]
) -> None:
    """A window cannot be opened any more (its trigger lives for three seconds): the same button."""
    press = await desk.spoken(place.user, press)
    message = say(press.lang, "owed.window")
    text = action.get("text")
    label = text.get("text") if isinstance(text, Mapping) else None
    action_id, value = action.get("action_id"), press.encode()
    if isinstance(label, str) and label and isinstance(action_id, str) and value is not None:
        message = _with(message, blocks.button(action_id, label[:70], value))
    desk.measures.debts_taken_over.labels("told").inc()
    await desk.tell(place.response_url, message)


def _with(message: Message, button: blocks.Element) -> Message:
    return Message(message.text, (*message.blocks, blocks.actions(button)))


def _asked(body: Mapping[str, Any], lang: Any) -> Press | None:
    """The question that the delivery asked, where it names one."""
    actions = body.get("actions")
    if isinstance(actions, list) and actions and isinstance(actions[0], Mapping):
        try:
            press = decode_press(actions[0].get("value"))
        except PressError:
            return None
        return Press(command=press.command, lang=lang)
    text = body.get("text")
    if "command" in body and isinstance(text, str):
        command = parse_command(text, lang)
        if isinstance(command, Ask):
            return Press(command=command_text(command.question, lang), lang=command.lang)
    return None
