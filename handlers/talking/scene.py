"""Where people talk with the bot, and answering there: under the message that asked, or beside it.

A mention is answered in the thread of its message, a direct message in the direct messages.
"""

from dataclasses import dataclass
from datetime import UTC, tzinfo

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.texts.catalogue import Lang
from handlers.answers.sentences import say
from handlers.asking.press import Shared
from handlers.desk import Desk
from handlers.slack.blocks import Message
from handlers.slack.trouble import reason_of, why

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Scene:
    """Who is answered where, and how.

    `thread` is the message at the head of the thread; None: there is none (direct messages).
    """

    user: str
    channel: str
    thread: str | None
    direct: bool
    lang: Lang
    zone: tzinfo = UTC
    team: str = ""

    def shared(self, desk: Desk) -> Shared | None:
        """What the buttons say of who asked, where everybody sees them."""
        if self.direct:
            return None
        return Shared(user=self.user, at=int(desk.clock().timestamp()))


async def post(desk: Desk, scene: Scene, message: Message, ts: str | None = None) -> str | None:
    """Post a message, or put it in the place of the one at `ts`.

    Returns:
        The timestamp of the message in the scene; None when Slack did not take it there. Then the
        person has it in the direct messages, if Slack takes it at all.
    """
    try:
        return await _put(desk, scene, message, ts)
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        reason = reason_of(error)
        log.warning("an answer was not posted", reason=reason, channel=scene.channel)
    await tell_directly(desk, scene, reason, message)
    return None


async def tell_directly(desk: Desk, scene: Scene, reason: str, message: Message) -> None:
    """The answer in the direct messages, with Slack's reason why it is not where it was asked."""
    if scene.direct:
        return
    try:
        # A user's id opens the direct messages with them (chat.postMessage, "channel").
        for one in (say(scene.lang, "talk.not_posted", why=why(reason, scene.lang)), message):
            await desk.client.chat_postMessage(
                channel=scene.user, text=one.text, blocks=list(one.blocks), unfurl_links=False
            )
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        log.error("a person was not answered", reason=type(error).__name__)


async def _put(desk: Desk, scene: Scene, message: Message, ts: str | None) -> str:
    body = list(message.blocks)
    if ts is not None:
        await desk.client.chat_update(channel=scene.channel, ts=ts, text=message.text, blocks=body)
        return ts
    posted = await desk.client.chat_postMessage(
        channel=scene.channel,
        thread_ts=scene.thread,
        text=message.text,
        blocks=body,
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(posted["ts"])
