"""The listeners of the letter's window: open it, write it anew for a choice, send it to the asker.

The letter is never sent to anybody else: a person reads it, and sends it where they will.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.diagnosis.report import Report
from bot.letter import Letter, softwares_of, write_letter
from bot.service import Answer
from bot.texts.catalogue import LANGS
from handlers.answers.sentences import say
from handlers.asking.press import Press
from handlers.asking.pressed import spoken
from handlers.desk import Desk
from handlers.slack import blocks, limits
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.slack.place import Place, read_place
from handlers.slack.trouble import reason_of, why
from handlers.slack.web import api_error
from handlers.slack.work import TooMuchWorkError
from handlers.windows.letter import (
    CHOOSE_LANG,
    CHOOSE_SOFTWARE,
    UNKNOWN,
    Wish,
    WishError,
    in_parts,
    letter_view,
    note_view,
    read_wish,
    written_in,
)

log = structlog.get_logger(__name__)

# The name under the letter is worth a little more waiting than a language: the window is open.
_NAME_SECONDS = 2.0


async def open_letter(desk: Desk, place: Place, press: Press) -> None:
    """Letter: the window opens while its trigger lives, and the text follows."""
    press = await spoken(desk, place, press)
    sentence = say(press.lang, "slack.letter.loading")
    opened = await desk.client.views_open(
        trigger_id=place.trigger_id, view=note_view(press.lang, sentence)
    )
    await _show(desk, opened["view"]["id"], place.user, Wish(press=press, lang=press.lang))


async def choose(desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    """Another language or software was chosen: the same window with the other letter."""
    view = body.get("view")
    view_id = view.get("id") if isinstance(view, Mapping) else None
    if not isinstance(view_id, str):
        return
    try:
        wish = _changed(read_wish(view), action)
    except WishError:
        sentence = say(desk.lang, "slack.press.unknown")
        await desk.client.views_update(view_id=view_id, view=note_view(desk.lang, sentence))
        return
    await _show(desk, view_id, read_place(body).user, wish)


def _changed(wish: Wish, action: Mapping[str, Any]) -> Wish:
    option = action.get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    if action.get("action_id") == CHOOSE_LANG:
        lang = next((one for one in LANGS if one == value), None)
        if lang is None:
            raise WishError
        return wish.model_copy(update={"lang": lang})
    if action.get("action_id") == CHOOSE_SOFTWARE and isinstance(value, str):
        return wish.model_copy(update={"software": None if value == UNKNOWN else value})
    raise WishError


async def _show(desk: Desk, view_id: str, user: str, wish: Wish) -> None:
    host = wish.press.command.split(" ", 1)[0]
    try:
        found = await _letter(desk, user, wish)
        if isinstance(found, Message):
            view = note_view(wish.lang, found)
        elif found[0].audience == "nobody":
            view = note_view(wish.lang, found[0].body)
        else:
            view = letter_view(*found)
    except asyncio.CancelledError as error:
        view = note_view(wish.lang, desk.failure(error, wish.lang, host, "letter"))
        await desk.client.views_update(view_id=view_id, view=view)
        raise
    except Exception as error:
        view = note_view(wish.lang, desk.failure(error, wish.lang, host, "letter"))
    await desk.client.views_update(view_id=view_id, view=view)


async def _letter(desk: Desk, user: str, wish: Wish) -> tuple[Letter, Report, Wish] | Message:
    """The letter of a wish; when its result is gone, of a new check of the same."""
    answer = await desk.answer_of(wish.press)
    if isinstance(answer, Message):
        return answer
    codes = softwares_of(answer.report)
    guess = answer.report.software.code if answer.report.software else None
    first = wish.software or (guess if guess in codes else None)
    wish = wish.model_copy(update={"software": first if first in codes else None})
    person = await desk.people.person(user, _NAME_SECONDS)
    letter = write_letter(
        answer.report,
        wish.lang,
        software=wish.software,
        zone=person.zone,
        name=person.name,
        address=_address(answer),
    )
    return letter, answer.report, wish


def _address(answer: Answer) -> str | None:
    addresses = answer.record.question.addresses
    return addresses[0].address if addresses else None


async def submit(desk: Desk, ack: AsyncAck, body: Mapping[str, Any]) -> None:
    """Send to me: the window says so at once, and whether it worked a moment later."""
    view = body.get("view")
    try:
        wish = read_wish(view)
    except WishError:
        await ack()
        return
    sentence = say(wish.lang, "slack.letter.sending")
    await ack(response_action="update", view=note_view(wish.lang, sentence))
    written = written_in(view)
    view_id = str(view.get("id", "")) if isinstance(view, Mapping) else ""
    # The window itself was taken once by the gate.
    owed = await desk.owe("window", str(body.get("trigger_id") or ""))
    user = read_place(body).user
    try:
        desk.work.start(
            desk.ledger.carry(owed, _send, desk, view_id, user, wish, written), name="mail"
        )
    except TooMuchWorkError as error:
        message = desk.failure(error, wish.lang, "", "mail")
        telling = desk.ledger.carry(owed, _tell, desk, view_id, wish, message)
        desk.work.start(telling, name="tell", follows=True)


async def _send(desk: Desk, view_id: str, user: str, wish: Wish, written: tuple[str, str]) -> None:
    try:
        message = await _sent(desk, user, wish, written)
    except asyncio.CancelledError as error:
        await _tell(desk, view_id, wish, desk.failure(error, wish.lang, "", "mail"))
        raise
    except Exception as error:
        message = desk.failure(error, wish.lang, "", "mail")
    await _tell(desk, view_id, wish, message)


async def _tell(desk: Desk, view_id: str, wish: Wish, message: Message) -> None:
    try:
        await desk.client.views_update(view_id=view_id, view=note_view(wish.lang, message))
    except SlackApiError as error:
        # Closed meanwhile: the direct message is there, or is not.
        log.info("the letter's window is gone", reason=api_error(error))


async def _sent(desk: Desk, user: str, wish: Wish, written: tuple[str, str]) -> Message:
    found = await _letter(desk, user, wish)
    attachments = () if isinstance(found, Message) else found[0].attachments
    try:
        opened = await desk.client.conversations_open(users=[user])
        channel = str(opened["channel"]["id"])
        for message in letter_messages(*written):
            await desk.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks),
                unfurl_links=False,
                unfurl_media=False,
            )
    except (SlackApiError, KeyError, TypeError, aiohttp.ClientError, TimeoutError) as error:
        reason = reason_of(error)
        log.warning("a letter was not sent to its asker", reason=reason)
        return say(wish.lang, "slack.letter.failed", why=why(reason, wish.lang))
    for one in attachments:
        try:
            await desk.client.files_upload_v2(
                content=one.content, filename=one.name, title=one.name, channel=channel
            )
        except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("a letter's file was not uploaded", reason=type(error).__name__)
            return say(wish.lang, "slack.letter.without_file", file=one.name)
    return say(wish.lang, "slack.letter.sent")


def letter_messages(subject: str, text: str) -> list[Message]:
    """The letter as direct messages: one, or several where Slack's limits ask for it."""
    parts = in_parts(text, limits.RICH_TEXT)
    messages = []
    for number, part in enumerate(parts):
        shown = [blocks.rich(blocks.paragraph(blocks.word(part)))]
        if number == 0 and subject.strip():
            bold = blocks.word(shorten(subject, limits.SUBJECT), bold=True)
            shown.insert(0, blocks.rich(blocks.paragraph(bold)))
        title = mrkdwn(shorten(subject if number == 0 else part, limits.MESSAGE_TEXT // 2))
        messages.append(Message(shorten(title, limits.MESSAGE_TEXT) or "-", tuple(shown)))
    return messages
