"""Handing over the complete chain as a file: into the thread, a direct message, or as text.

A file needs `files:write` and a channel that the bot is in; there is no upload through a response
address (docs.slack.dev/messaging/working-with-files). Where none of that is given, the text
itself is shown for copying.
"""

import re

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.diagnosis.report import Target
from bot.letter import file_name
from bot.texts.catalogue import Lang, catalogue
from handlers.answers.sentences import say
from handlers.asking.ask import shown_host
from handlers.slack import blocks, limits
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn, visible_lines
from handlers.slack.trouble import reason_of

log = structlog.get_logger(__name__)

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


async def send_full_chain(
    client: AsyncWebClient,
    *,
    pem: str,
    proven: bool,
    target: Target,
    user: str,
    channel: str | None,
    thread_ts: str | None,
    lang: Lang,
) -> Message:
    """Upload the file where the asker sees it.

    Args:
        client: Slack's Web API.
        pem: The chain, the server's certificate first.
        proven: It was verified against the roots.
        target: Whose chain it is.
        user: Who asked for it.
        channel: Where the answer was shared; None when the asker alone sees it.
        thread_ts: The shared message, under which the file belongs.
        lang: The asker's language.

    Returns:
        What to tell the asker: where the file went, or the chain itself.
    """
    name = file_name(target)
    host = shown_host(target)
    comment = comment_on(target, lang, proven=proven)
    if channel is not None and await upload(
        client, pem=pem, name=name, comment=comment, channel=channel, thread_ts=thread_ts
    ):
        return say(lang, "slack.fullchain.posted", host=host, file=name)
    try:
        opened = await client.conversations_open(users=[user])
        direct = str(opened["channel"]["id"])
    except (SlackApiError, KeyError, TypeError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("no direct messages with the asker", reason=reason_of(error))
    else:
        if await upload(client, pem=pem, name=name, comment=comment, channel=direct):
            return say(lang, "slack.fullchain.sent", host=host, file=name)
    return _as_text(pem, host, lang)


def comment_on(target: Target, lang: Lang, *, proven: bool) -> str:
    """What stands beside the file, as mrkdwn."""
    key = "slack.fullchain.comment" if proven else "slack.fullchain.comment_unproven"
    return catalogue(lang).text(key, host=mrkdwn(shown_host(target)))


async def upload(
    client: AsyncWebClient,
    *,
    pem: str,
    name: str,
    comment: str,
    channel: str,
    thread_ts: str | None = None,
) -> bool:
    """Upload the file into a channel or its thread; returns whether Slack took it."""
    try:
        await client.files_upload_v2(
            content=pem,
            filename=name,
            title=name,
            channel=channel,
            thread_ts=thread_ts,
            initial_comment=comment,
        )
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        log.info("file not uploaded", reason=reason_of(error), channel=channel)
        return False
    return True


def _as_text(pem: str, host: str, lang: Lang) -> Message:
    """The chain in the message itself, each certificate in a block of its own to stay in bounds."""
    certificates = _CERTIFICATE.findall(visible_lines(pem))
    sentence = say(lang, "slack.fullchain.pasted", host=host)
    boxes = [
        blocks.rich(blocks.preformatted(one, len(one)))
        for one in certificates
        if len(one) <= limits.RICH_TEXT
    ]
    message = Message(sentence.text, (*sentence.blocks, *boxes))
    if not boxes or len(boxes) < len(certificates) or message.size() > limits.MESSAGE_CHARACTERS:
        return say(lang, "slack.fullchain.too_long", host=host)
    return message
