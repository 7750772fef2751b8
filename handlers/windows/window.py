"""The Details window at work: opened while its trigger lives, filled in, and turned by its buttons."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.history import subject_key
from bot.service import Answer
from bot.store.connection import StoreAwayError
from bot.texts.catalogue import catalogue
from handlers.answers.present import judged_at
from handlers.answers.sentences import say
from handlers.asking.past import history_blocks
from handlers.asking.press import Press
from handlers.desk import Desk
from handlers.slack import blocks
from handlers.slack.blocks import Block, Message
from handlers.slack.place import Place, read_place
from handlers.slack.web import api_error
from handlers.windows.details import (
    EARLIER,
    FURTHER,
    SECTIONS,
    Opened,
    View,
    details_view,
    read_opened,
    sentence_view,
    skeleton_view,
)

log = structlog.get_logger(__name__)


async def details(desk: Desk, place: Place, press: Press) -> None:
    """Details: a window that opens at once, and is filled in then."""
    shared = press.shared is not None and not place.ephemeral and place.message_ts != ""
    press = await desk.spoken(place.user, press)
    opened = await desk.client.views_open(
        trigger_id=place.trigger_id, view=skeleton_view(press.lang)
    )
    where: dict[str, Any] = {}
    if shared:
        where = {"channel": place.channel, "thread_ts": place.thread_ts or place.message_ts}
    first = Opened.model_construct(press=press).model_copy(update=where)
    await show(desk, opened["view"]["id"], place.user, first)


async def push_details(desk: Desk, place: Place, press: Press) -> None:
    """Details above a window that is open already; closing them leads back to it."""
    pushed = await desk.client.views_push(
        trigger_id=place.trigger_id, view=skeleton_view(press.lang)
    )
    await show(desk, pushed["view"]["id"], place.user, Opened.model_construct(press=press))


async def turn(desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    """Another section or page was chosen."""
    view = body.get("view")
    view_id = view.get("id") if isinstance(view, Mapping) else None
    if not isinstance(view_id, str):
        return
    opened = read_opened(view)
    turned = _turned(opened, action) if opened is not None else None
    if turned is None:
        sentence = say(desk.lang, "slack.press.unknown").text
        await update(desk, view_id, sentence_view(desk.lang, sentence))
        return
    await show(desk, view_id, read_place(body).user, turned)


def _turned(opened: Opened, action: Mapping[str, Any]) -> Opened | None:
    value = action.get("value")
    if action.get("action_id") in (EARLIER, FURTHER):
        number = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 4
        return opened.model_copy(update={"page": int(str(value))}) if number else None
    if value in SECTIONS:
        return opened.model_copy(update={"section": value, "page": 0})
    return None


async def show(
    desk: Desk,
    view_id: str,
    user: str,
    opened: Opened,
    *,
    known: Answer | None = None,
    note: str = "",
) -> None:
    """Fill the window with a page; a failure stands in it, since that is what the person sees.

    `known` is the answer where the caller has it; else it is the one that `opened` names.
    """
    lang = opened.press.lang
    try:
        answer = known or await desk.answer_of(opened.press)
        if isinstance(answer, Message):
            view = sentence_view(lang, answer.text)
        else:
            zone = (await desk.reader(user)).zone
            view = await _filled(desk, answer, opened, zone, note)
    except Exception as error:
        host = opened.press.command.split(" ", 1)[0]
        view = sentence_view(lang, desk.failure(error, lang, host, "details").text)
    await update(desk, view_id, view)


async def _filled(desk: Desk, answer: Answer, opened: Opened, zone: tzinfo, note: str) -> View:
    report = desk.presenter.phrased(answer, opened.press.lang, zone)
    # What was asked anew, because its result was gone, is what the next page is of.
    press = opened.press.model_copy(update={"result": report.id})
    opened = opened.model_copy(update={"press": press})
    history = await _history(desk, answer, opened) if opened.section == "history" else []
    return details_view(report, opened, zone, moment=judged_at(answer), history=history, note=note)


async def _history(desk: Desk, answer: Answer, opened: Opened) -> list[Block]:
    texts = catalogue(opened.press.lang)
    try:
        subject = subject_key(answer.report.target, answer.report.vantage)
        entries = await desk.histories.read(subject, desk.clock())
    except StoreAwayError:
        return [blocks.context(texts.text("history.away"))]
    return history_blocks(entries, texts) if entries else []


async def update(desk: Desk, view_id: str, view: View) -> None:
    """Change the window, if it is still there."""
    try:
        await desk.client.views_update(view_id=view_id, view=view)
    except SlackApiError as error:
        # Closed meanwhile: nobody looks any more.
        log.info("the details were not shown", reason=api_error(error))
