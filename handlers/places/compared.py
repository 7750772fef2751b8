"""From a comparison to its message: the difference as the cause, then a line for each group.

A pure function of what is shown, within Slack's limits for any number of places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.compare import Comparison, Group
from bot.diagnosis.question import Question
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.comparison import decide_options
from handlers.answers.answer import date
from handlers.answers.news import moment
from handlers.asking.command import command_text
from handlers.asking.press import (
    COMPARE_AGAIN,
    COMPARE_SHARE,
    DETAILS,
    Press,
    Shared,
)
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.watches.teller import watched_name

MARKS: Final = {"ok": "✓", "warning": "△", "broken": "✗", "unreachable": "?"}
ROWS = 30
"""Groups with a line of their own."""
_LINE = 400
# What stands below the rows takes at most that, in JSON.
_FOOT = 3200
_NAMED = 600


@dataclass(frozen=True)
class Showing:
    """What a message shows of a comparison.

    `comparison` is phrased in `lang`, of those places that have answered; `waiting` are the others.
    `asked` are the places that were named, none for all. `id` finds it again. `shared` is set on a
    message that everybody sees.
    """

    comparison: Comparison
    question: Question
    lang: Lang
    waiting: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    id: str | None = None
    shared: Shared | None = None
    thread: str | None = None


def compared_message(showing: Showing) -> Message:
    """The message for one reader or for all."""
    texts = catalogue(showing.lang)
    comparison, waiting = showing.comparison, showing.waiting
    host = shorten(watched_name(comparison.target), 80)
    count = len(comparison.places) + len(waiting)
    title = texts.text("vantage.compare.title", n=count, host=host)
    shown: list[Block] = []
    if showing.shared is not None:
        shown.append(blocks.context(blocks.marked(_shared_line(showing.shared, comparison, texts))))
    shown.append(blocks.header(title))
    if waiting:
        said = texts.text("vantage.compare.so_far", done=len(comparison.places), all=count)
        shown.append(blocks.context(said))
    else:
        said = comparison.headline
        shown.append(blocks.rich(*_cause(comparison, texts)))
    shown += _rows(showing, texts, shown)
    foot: list[Block] = []
    if waiting:
        names = shorten(texts.text("vantage.comma").join(waiting), _NAMED)
        line = texts.text("vantage.compare.waiting", n=len(waiting), places=names)
        foot.append(blocks.context(line))
    else:
        foot += [blocks.context(shorten(one.text, 500)) for one in comparison.footnotes[:3]]
        foot.append(blocks.context(blocks.marked(_small_print(comparison, texts))))
        buttons = _buttons(showing, texts)
        if buttons:
            foot.append(blocks.actions(*buttons))
    text = shorten(mrkdwn(f"{title}: {said}"), limits.MESSAGE_TEXT)
    return Message(text, (*shown, *foot))


def _cause(comparison: Comparison, texts: Catalogue) -> list[Element]:
    made = [blocks.paragraph(blocks.word(shorten(comparison.headline, 400), bold=True))]
    made += [blocks.paragraph(blocks.word(shorten(one, 500))) for one in comparison.next_steps[:4]]
    decide = decide_options(comparison)
    if decide:
        made.append(blocks.preformatted(f"/tlscheck {decide}", 500))
    return made


def _rows(showing: Showing, texts: Catalogue, above: Sequence[Block]) -> list[Block]:
    groups = showing.comparison.groups
    room = limits.MESSAGE_CHARACTERS - limits.MESSAGE_TEXT - _FOOT - blocks.weigh(above)
    rows: list[Block] = []
    for group in groups[:ROWS]:
        mark = MARKS[group.verdict] if group.verdict is not None else "–"
        line = texts.text("vantage.compare.line", mark=mark, line=shorten(group.line, _LINE))
        row: Block = {"type": "section", "text": blocks.plain(line)}
        button = _details(showing, group, texts)
        if button is not None:
            row["accessory"] = button
        size = blocks.weigh([row])
        if size > room:
            break
        rows.append(row)
        room -= size
    if rest := groups[len(rows) :]:
        names = texts.text("vantage.comma").join(name for one in rest for name in one.vantages)
        count = sum(len(one.vantages) for one in rest)
        more = texts.text("vantage.compare.more", n=count, places=shorten(names, _NAMED))
        rows.append(blocks.context(more))
    return rows


def _details(showing: Showing, group: Group, texts: Catalogue) -> Element | None:
    if not group.result or showing.waiting:
        return None
    own = {one.vantage for one in showing.comparison.places if one.own}
    place = group.vantages[0]
    try:
        press = Press(
            result=group.result,
            command=command_text(showing.question, showing.lang, None if place in own else place),
            lang=showing.lang,
            shared=showing.shared,
        )
    except ValueError:
        return None
    value = press.encode()
    if value is None:
        return None
    return blocks.button(DETAILS, texts.text("slack.button.details"), value)


def press_of_comparison(showing: Showing) -> Press | None:
    """What the buttons of the message carry; None for a question that is too long for one."""
    try:
        return Press(
            compared=showing.id,
            command=command_text(showing.question, showing.lang, *showing.asked),
            lang=showing.lang,
            shared=showing.shared,
            thread=showing.thread,
        )
    except ValueError:
        return None


def _buttons(showing: Showing, texts: Catalogue) -> list[Element]:
    press = press_of_comparison(showing)
    value = press.encode() if press is not None else None
    if value is None:
        return []
    wanted = (
        (COMPARE_SHARE, "slack.button.share", showing.shared is None),
        (COMPARE_AGAIN, "vantage.button.again", True),
    )
    return [blocks.button(id_, texts.text(key), value) for id_, key, there in wanted if there]


def _shared_line(shared: Shared, comparison: Comparison, texts: Catalogue) -> str:
    when = datetime.fromtimestamp(shared.at, tz=comparison.compared_at.tzinfo)
    return texts.text(
        "vantage.compare.shared",
        user=f"<@{shared.user}>",
        when=date(shared.at, f"{when:%Y-%m-%d %H:%M:%S} UTC"),
    )


def _small_print(comparison: Comparison, texts: Catalogue) -> str:
    said = [texts.text("vantage.compare.when", when=moment(comparison.compared_at))]
    if any(one.source not in (None, "fresh") for one in comparison.places):
        said.append(texts.text("vantage.compare.cached"))
    return texts.text("vantage.list.dot").join(said)
