"""Recent checks as people see them: the list of `/tlscheck recent`, and one line of it.

An entry says what was checked and what came of it, not who asked: a check that only its asker saw
can be found again in its channel, without a name.
"""

import asyncio
import re
from datetime import datetime

from bot.audit import Asker
from bot.diagnosis.question import Question
from bot.store.connection import StoreAwayError
from bot.store.recent import Checked
from bot.store.results import KEPT as RESULTS_KEPT
from bot.texts.catalogue import Catalogue, Lang, catalogue
from handlers.answers.news import moment
from handlers.answers.sentences import say
from handlers.asking.command import command_text
from handlers.asking.noted import person_place
from handlers.asking.press import CHECK, RESULT_ID, Press
from handlers.desk import Desk
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.slack.fit import Part, fit, part
from handlers.watches.teller import watched_name

LISTED = 12
"""Checks of one place in the list."""

_MARKS = {"ok": "✓", "warning": "△", "broken": "✗", "unreachable": "?"}


async def list_recent(desk: Desk, asker: Asker, lang: Lang) -> Message:
    """What was checked last in this channel, and by this person elsewhere."""
    now = desk.clock()
    try:
        here, own = await asyncio.gather(
            desk.recent.of(asker.channel, now), desk.recent.of(person_place(asker), now)
        )
    except StoreAwayError:
        return say(lang, "home.recent.away")
    known = {one.question.digest() for one in here}
    own = [one for one in own if one.question.digest() not in known]
    if not here and not own:
        return say(lang, "home.recent.none")
    texts = catalogue(lang)
    title = texts.text("home.recent.title")
    parts: list[Part] = []
    for key, entries in (("home.recent.here", here), ("home.recent.own", own)):
        if entries:
            parts.append(part(0, blocks.header(texts.text(key))))
            for number, one in enumerate(entries[:LISTED]):
                parts.append(part(number + 1, _row(one, texts, now)))
    room = limits.MESSAGE_CHARACTERS - len(title)
    fitted = fit(parts, characters=room, blocks=limits.MESSAGE_BLOCKS)
    return Message(title, fitted.blocks)


def _row(one: Checked, texts: Catalogue, now: datetime) -> Block:
    row = checked_row(one, texts)
    press = see_again(one, texts.lang, now)
    key = "home.button.see"
    if press is None:
        press, key = check_again(one, texts.lang), "home.button.again"
    value = press.encode()
    if value is not None:
        row["accessory"] = blocks.button(CHECK, texts.text(key), value)
    return row


def checked_row(one: Checked, texts: Catalogue) -> Block:
    """One line: the host, what was found, and when."""
    code = one.cause.value if one.cause is not None and one.verdict != "ok" else "ok"
    key = f"cause.{code}.title"
    host = watched_name(one.question.target)
    special = conditions(one.question)
    if special:
        host = f"{host} {shorten(special, 200)}"
    line = texts.text(
        "home.recent.line",
        mark=_MARKS[one.verdict],
        host=mrkdwn(host),
        title=texts.text(key) if texts.has(key) else code,
        when=moment(one.at),
    )
    return {"type": "section", "text": blocks.marked(line)}


def see_again(one: Checked, lang: Lang, now: datetime) -> Press | None:
    """What a button carries that shows the stored answer; None once that is gone."""
    if now - one.at >= RESULTS_KEPT or not re.fullmatch(RESULT_ID, one.result):
        return None
    return check_again(one, lang).model_copy(update={"result": one.result})


def check_again(one: Checked, lang: Lang) -> Press:
    """What a button carries that asks the same again."""
    return Press(command=command_text(one.question, lang), lang=lang)


def conditions(question: Question) -> str:
    """The options that a question was asked with, as they are typed."""
    plain = question.target.model_copy(update={"starttls": None})
    text = command_text(question.model_copy(update={"target": plain}), "en")
    return text.removesuffix("--lang en").partition(" ")[2].strip()
