"""Saying to somebody that they may not: one polite line, on the surface that they came by.

Nobody else sees it, and a delivery that Slack repeats is answered once.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.audit import Asker
from bot.texts.catalogue import catalogue
from handlers.desk import Desk
from handlers.manners.access import Why
from handlers.slack import blocks, limits
from handlers.slack.blocks import Message

log = structlog.get_logger(__name__)

_NAMED = 5


async def refuse(  # noqa: PLR0917 - the request, and what is said of it
    desk: Desk,
    ack: AsyncAck,
    body: Mapping[str, Any],
    asker: Asker,
    why: Why,
    channels: tuple[str, ...],
) -> BoltResponse:
    """Acknowledge a request that nobody will hear, and say why not."""
    lang = (await desk.reader(asker.user)).lang
    message = _line(desk, lang, why, channels)
    if asker.surface == "command":
        return await ack(text=message.text, blocks=list(message.blocks), response_type="ephemeral")
    if body.get("type") == "view_submission":
        return await ack(response_action="update", view=_window(message))
    if asker.surface == "menu":
        return await ack(options=[])
    desk.work.start(_tell(desk, body, asker, message), name="refuse", follows=True)
    return await ack()


def _line(desk: Desk, lang: Any, why: Why, channels: tuple[str, ...]) -> Message:
    texts = catalogue(lang)
    named = ", ".join(f"<#{one}>" for one in channels[:_NAMED])
    line = texts.text(f"manners.refused.{why}", channels=named)
    return Message(line, ({"type": "section", "text": blocks.marked(line)},))


def _window(message: Message) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": blocks.plain("tlscheck", limits.VIEW_TITLE),
        "blocks": list(message.blocks),
    }


async def _tell(desk: Desk, body: Mapping[str, Any], asker: Asker, message: Message) -> None:
    delivery = body.get("event_id") or body.get("trigger_id")
    if isinstance(delivery, str) and not await desk.first_time("refused", delivery):
        return
    try:
        await say_on_surface(desk, body, asker, message)
    except Exception as error:
        # Whoever may not ask is owed no more than the attempt.
        log.warning("a refusal was not told", reason=type(error).__name__, surface=asker.surface)


async def say_on_surface(
    desk: Desk, body: Mapping[str, Any], asker: Asker, message: Message
) -> None:
    """Say it to the asker, where they asked."""
    url, event = body.get("response_url"), body.get("event")
    said: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks)}
    match asker.surface:
        case "mention" if isinstance(event, Mapping):
            thread = event.get("thread_ts")
            await desk.client.chat_postEphemeral(
                channel=asker.channel, user=asker.user, thread_ts=thread, **said
            )
        case "direct" if isinstance(event, Mapping) and _by_a_person(event):
            await desk.client.chat_postMessage(channel=asker.channel, **said)
        case "home":
            view = {"type": "home", "blocks": said["blocks"]}
            await desk.client.views_publish(user_id=asker.user, view=view)
        case "step" if isinstance(event, Mapping):
            execution = str(event.get("function_execution_id"))
            await desk.client.functions_completeError(
                function_execution_id=execution, error=message.text
            )
        case _ if isinstance(url, str):
            await desk.tell(url, message)


def _by_a_person(event: Mapping[str, Any]) -> bool:
    """The bot hears its own direct messages, too, and must not answer them."""
    return not (event.get("bot_id") or event.get("subtype")) and event.get("channel_type") == "im"
