"""The history of a host: how it was in the last 90 days, the newest state first."""

from collections.abc import Sequence
from datetime import timedelta

from bot.diagnosis.question import Question
from bot.history import Entry, subject_key
from bot.store.connection import StoreAwayError
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.phrase import period
from handlers.answers.news import moment
from handlers.answers.sentences import say
from handlers.desk import Desk
from handlers.slack import blocks
from handlers.slack.blocks import Block, Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.watches.teller import watched_name

SHOWN = 20
_MARKS = {"ok": "✓", "warning": "!", "broken": "✗", "unreachable": "?"}


async def host_history(
    desk: Desk, question: Question, lang: Lang, vantage: str | None = None
) -> Message:
    """What is known of a host from earlier checks there; None: at the bot's own place."""
    host = watched_name(question.target)
    try:
        subject = subject_key(question.target, vantage or desk.service.vantage_name)
        entries = await desk.histories.read(subject, desk.clock())
    except StoreAwayError:
        return say(lang, "history.away")
    if not entries:
        return say(lang, "history.none", host=host)
    texts = catalogue(lang)
    title = texts.text("history.title", host=mrkdwn(host))
    made: list[Block] = [{"type": "section", "text": blocks.marked(title)}]
    made += history_blocks(entries, texts)
    return Message(title, tuple(made))


def history_blocks(entries: Sequence[Entry], texts: Catalogue) -> list[Block]:
    """The states, the newest first, as blocks of a message or a window."""
    newest = list(reversed(entries))
    lines = [_line(one, texts) for one in newest[:SHOWN]]
    if len(newest) > SHOWN:
        lines.append(texts.text("history.more", n=len(newest) - SHOWN))
    # Ten lines of up to 250 characters stay within one text object.
    return [
        {"type": "section", "text": blocks.marked("\n".join(lines[start : start + 10]))}
        for start in range(0, len(lines), 10)
    ]


def _line(entry: Entry, texts: Catalogue) -> str:
    state = entry.state
    code = state.cause.value if state.cause is not None and state.verdict != "ok" else "ok"
    key = f"cause.{code}.title"
    values = {
        "mark": _MARKS[state.verdict],
        "since": moment(entry.first),
        "until": moment(entry.last),
        "title": texts.text(key) if texts.has(key) else code,
    }
    lasted = entry.last - entry.first
    if lasted < timedelta(minutes=1):
        line = texts.text("history.once", values)
    else:
        values["period"] = period(lasted, texts.lang)
        line = texts.text("history.line", values)
    if state.leaf is None:
        return line
    name = mrkdwn(shorten(state.leaf.issuer, 60))
    return texts.text("history.with_certificate", line=line, issuer=name, sha=state.leaf.sha256[:8])
