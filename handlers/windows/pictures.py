"""As pictures: the chain and its validity, for those who would rather look than read.

Drawn in a thread, two at a time; uploaded by Slack's current flow (docs.slack.dev/messaging/
working-with-files) into the thread of a shared answer, else into the direct messages of who asked.
There is no upload through a response address.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.diagnosis.report import Report
from bot.render.picture import Picture, chain_picture
from bot.render.timeline import validity_picture
from bot.texts.catalogue import Lang, catalogue
from handlers.answers.present import judged_at
from handlers.asking.ask import shown_host
from handlers.desk import Desk
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn
from handlers.slack.place import read_place
from handlers.slack.trouble import reason_of, why
from handlers.windows.details import Opened, read_opened
from handlers.windows.window import show

log = structlog.get_logger(__name__)

AT_ONCE = 2


class Pictures:
    """Draws and delivers."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def deliver(self, desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
        """The button in the Details window."""
        view = body.get("view")
        opened = read_opened(view)
        if opened is None or not isinstance(view, Mapping):
            return
        place = read_place(body)
        lang = opened.press.lang
        try:
            note = await self._delivered(desk, place.user, opened)
        except Exception as error:
            host = opened.press.command.split(" ", 1)[0]
            note = desk.failure(error, lang, host, "pictures").text
        await show(desk, str(view.get("id")), place.user, opened, note=note)

    async def _delivered(self, desk: Desk, user: str, opened: Opened) -> str:
        """Draw, upload; returns the sentence for who asked."""
        lang = opened.press.lang
        texts = catalogue(lang)
        answer = await desk.answer_of(opened.press)
        if isinstance(answer, Message):
            return answer.text
        zone = (await desk.reader(user)).zone
        report = desk.presenter.phrased(answer, lang, zone)
        async with self._slots:
            pictures = await asyncio.to_thread(_draw, report, judged_at(answer), lang, zone)
        host = shown_host(report.target)
        if not pictures:
            return texts.text("picture.none", host=host)
        comment = texts.text("picture.posted", host=mrkdwn(host))
        if opened.channel is not None:
            reason = await _upload(desk, pictures, comment, opened.channel, opened.thread_ts)
            if reason is None:
                return texts.text("picture.in_thread")
        try:
            direct = await desk.client.conversations_open(users=[user])
            channel = str(direct["channel"]["id"])
        except (SlackApiError, KeyError, TypeError, aiohttp.ClientError, TimeoutError) as error:
            reason = reason_of(error)
        else:
            reason = await _upload(desk, pictures, comment, channel, None)
            if reason is None:
                return texts.text("picture.in_messages")
        return texts.text("picture.failed", why=why(reason, lang))


def _draw(report: Report, moment: datetime, lang: Lang, zone: tzinfo) -> list[Picture]:
    made = (
        chain_picture(report, moment, lang, zone),
        validity_picture(report, moment, lang, zone),
    )
    return [one for one in made if one is not None]


async def _upload(
    desk: Desk, pictures: list[Picture], comment: str, channel: str, thread_ts: str | None
) -> str | None:
    """Upload; returns Slack's word for why not."""
    files = [
        {"file": one.png, "filename": one.name, "title": one.title, "alt_txt": one.alt}
        for one in pictures
    ]
    try:
        await desk.client.files_upload_v2(
            file_uploads=files, channel=channel, thread_ts=thread_ts, initial_comment=comment
        )
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        reason = reason_of(error)
        log.info("pictures not uploaded", reason=reason, channel=channel)
        return reason
    return None
