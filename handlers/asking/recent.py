"""Recent checks as people see them: the list of `/tlscheck recent`, and one line of it.

An entry says what was checked and what came of it, not who asked: a check that only its asker saw
can be found again in its channel, without a name.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.audit import Asker
from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import Question
from bot.history import Entry, is_kept, subject_key
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

_HISTORIES = 40
"""Histories looked up for one list."""

Later = Mapping[str, Entry]
"""How servers are now, by the digest of the question, where that differs from what was found."""

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
    known = {one.key for one in here}
    own = [one for one in own if one.key not in known]
    if not here and not own:
        return say(lang, "home.recent.none")
    later = await seen_later(desk, [*here, *own])
    texts = catalogue(lang)
    title = texts.text("home.recent.title")
    parts: list[Part] = []
    for key, entries in (("home.recent.here", here), ("home.recent.own", own)):
        if entries:
            parts.append(part(0, blocks.header(texts.text(key))))
            for number, one in enumerate(entries[:LISTED]):
                parts.append(part(number + 1, _row(one, later, texts, now)))
    room = limits.MESSAGE_CHARACTERS - len(title)
    fitted = fit(parts, characters=room, blocks=limits.MESSAGE_BLOCKS)
    return Message(title, fitted.blocks)


async def seen_later(desk: Desk, entries: Sequence[Checked]) -> Later:
    """For those whose server was found otherwise since, by a watch or somebody else: how.

    Nothing where Redis is away.
    """
    vantage = desk.service.vantage_name
    kept = {one.question.digest(): one for one in entries if is_kept(one.question)}
    chosen = list(kept.items())[:_HISTORIES]
    try:
        histories = await asyncio.gather(
            *(desk.histories.newest(subject_key(one.question.target, vantage)) for _, one in chosen)
        )
    except StoreAwayError:
        return {}
    return {
        digest: found[-1]
        for (digest, one), found in zip(chosen, histories, strict=True)
        if found
        and found[-1].first > one.at
        and (found[-1].state.verdict, found[-1].state.cause) != (one.verdict, one.cause)
    }


def newest(one: Checked, later: Later) -> Checked:
    """The entry as it is to be shown again: with the newest result where there is a newer one."""
    entry = later.get(one.question.digest())
    if entry is None:
        return one
    return one.model_copy(update={"at": entry.last, "result": entry.result})


def _row(one: Checked, later: Later, texts: Catalogue, now: datetime) -> Block:
    row = checked_row(one, texts, later)
    press = see_again(newest(one, later), texts.lang, now)
    key = "home.button.see"
    if press is None:
        press, key = check_again(one, texts.lang), "home.button.again"
    value = press.encode()
    if value is not None:
        row["accessory"] = blocks.button(CHECK, texts.text(key), value)
    return row


def checked_row(one: Checked, texts: Catalogue, later: Later) -> Block:
    """One line: the host, what was found, and when; and one for what it has been since."""
    host = watched_name(one.question.target)
    special = conditions(one.question, one.place)
    if special:
        host = f"{host} {shorten(special, 200)}"
    line = texts.text(
        "home.recent.line",
        mark=_MARKS[one.verdict],
        host=mrkdwn(host),
        title=_title(one.verdict, one.cause, texts),
        when=moment(one.at),
    )
    entry = later.get(one.question.digest())
    if entry is not None:
        state = entry.state
        since = texts.text(
            "home.recent.since",
            mark=_MARKS[state.verdict],
            title=_title(state.verdict, state.cause, texts),
            when=moment(entry.first),
        )
        line = f"{line}\n{since}"
    return {"type": "section", "text": blocks.marked(line)}


def _title(verdict: Verdict, cause: Cause | None, texts: Catalogue) -> str:
    code = cause.value if cause is not None and verdict != "ok" else "ok"
    key = f"cause.{code}.title"
    return texts.text(key) if texts.has(key) else code


def see_again(one: Checked, lang: Lang, now: datetime) -> Press | None:
    """What a button carries that shows the stored answer; None once that is gone."""
    if now - one.at >= RESULTS_KEPT or not re.fullmatch(RESULT_ID, one.result):
        return None
    return check_again(one, lang).model_copy(update={"result": one.result})


def check_again(one: Checked, lang: Lang) -> Press:
    """What a button carries that asks the same again."""
    return Press(command=command_text(one.question, lang, one.place), lang=lang)


def conditions(question: Question, place: str | None = None) -> str:
    """The options that a question was asked with, there, as they are typed."""
    plain = question.target.model_copy(update={"starttls": None})
    text = command_text(question.model_copy(update={"target": plain}), "en", place)
    return text.removesuffix("--lang en").partition(" ")[2].strip()
