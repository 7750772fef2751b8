"""The bot's Home tab: a box to check a server, what was checked, what is watched, what expires.

Pure: what is known of a person in, a view out. Source: docs.slack.dev/reference/views/home-tab-views
(100 blocks; input blocks with `dispatch_action`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bot.diagnosis.report import Target
from bot.store.recent import Checked
from bot.texts.catalogue import LANGS, Catalogue, Lang, catalogue
from bot.texts.phrase import period
from bot.watch import Watch
from handlers.answers.news import moment
from handlers.asking.command import command_text
from handlers.asking.press import DETAILS, Press
from handlers.asking.recent import Later, check_again, checked_row, newest, see_again
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element
from handlers.slack.escape import mrkdwn, shorten
from handlers.slack.fit import Part, fit, part
from handlers.watches.teller import watch_name, watched_name

CALLBACK_ID: Final = "tlscheck_home"
HOST: Final = "tlscheck_home_host"
"""The box: sent off with the Enter key."""
HOST_BLOCK: Final = "tlscheck_home_input"
CHECK_TYPED: Final = "tlscheck_home_check"
AGAIN: Final = "tlscheck_home_again"
STOP: Final = "tlscheck_home_unwatch"
CHOOSE: Final = "tlscheck_home_lang"
AUTOMATIC: Final = "auto"

LISTED_OWN = 10
LISTED_IN_CHANNEL = 5
LISTED_WATCHES = 15
LISTED_EXPIRING = 6

View = dict[str, Any]


@dataclass(frozen=True)
class Expiring:
    """A server's certificate and its end."""

    target: Target
    not_after: datetime


@dataclass(frozen=True)
class Known:
    """What is shown to one person; `away`: Redis does not answer, nothing else is known."""

    own: Sequence[Checked] = ()
    channels: Sequence[tuple[str, Sequence[Checked]]] = ()
    watches: Sequence[Watch] = ()
    expiring: Sequence[Expiring] = ()
    later: Later = field(default_factory=dict)
    away: bool = False


def home_view(known: Known | None, lang: Lang, chosen: Lang | None, now: datetime) -> View:
    """The tab of one person.

    Args:
        known: What to show; None while it is being looked up.
        lang: The language it is shown in.
        chosen: The language that the person chose, if any.
        now: The moment.
    """
    texts = catalogue(lang)
    parts: list[Part] = [part(0, *_top(texts))]
    if known is None or known.away:
        key = "home.loading" if known is None else "home.away"
        parts.append(part(0, _section(texts.text(key))))
    else:
        parts += _expiring(known.expiring, texts, now)
        parts += _watches(known.watches, texts)
        parts += _own(known, texts, now)
        for channel, entries in known.channels:
            parts += _channel(channel, entries, known.later, texts, now)
    parts.append(part(0, blocks.divider(), _language(texts, chosen)))
    fitted = fit(parts, characters=limits.VIEW_CHARACTERS, blocks=limits.VIEW_BLOCKS)
    return {"type": "home", "callback_id": CALLBACK_ID, "blocks": list(fitted.blocks)}


def _top(texts: Catalogue) -> list[Block]:
    box: Block = {
        "type": "input",
        "block_id": HOST_BLOCK,
        "dispatch_action": True,
        "label": blocks.plain(texts.text("home.check.label")),
        "element": {
            "type": "plain_text_input",
            "action_id": HOST,
            "max_length": limits.COMMAND_CHARACTERS,
            "placeholder": blocks.plain(texts.text("home.check.placeholder"), limits.PLACEHOLDER),
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }
    button = blocks.button(CHECK_TYPED, texts.text("home.check.button"), "typed", style="primary")
    intro = blocks.context(texts.text("home.intro"))
    return [blocks.header(texts.text("home.title")), intro, box, blocks.actions(button)]


def _own(known: Known, texts: Catalogue, now: datetime) -> list[Part]:
    made = [_title(texts.text("home.own.title"))]
    if not known.own:
        return [*made, part(1, blocks.context(texts.text("home.own.none")))]
    for number, one in enumerate(known.own[:LISTED_OWN]):
        buttons: list[Element] = []
        again = check_again(one, texts.lang)
        for press, action, key in (
            (see_again(newest(one, known.later), texts.lang, now), DETAILS, "home.button.see"),
            (again, AGAIN, "home.button.again"),
        ):
            value = press.encode() if press is not None else None
            if value is not None:
                buttons.append(blocks.button(action, texts.text(key), value))
        row = checked_row(one, texts, known.later)
        made.append(part(2 + number, row, *([blocks.actions(*buttons)] if buttons else [])))
    return made


def _channel(
    channel: str, entries: Sequence[Checked], later: Later, texts: Catalogue, now: datetime
) -> list[Part]:
    made = [_title(texts.text("home.channel.title", channel=f"<#{channel}>"))]
    for number, one in enumerate(entries[:LISTED_IN_CHANNEL]):
        row = checked_row(one, texts, later)
        press, action, key = (
            see_again(newest(one, later), texts.lang, now),
            DETAILS,
            "home.button.see",
        )
        if press is None:
            press, action, key = check_again(one, texts.lang), AGAIN, "home.button.again"
        value = press.encode()
        if value is not None:
            row["accessory"] = blocks.button(action, texts.text(key), value)
        made.append(part(30 + number, row))
    return made


def _watches(watches: Sequence[Watch], texts: Catalogue) -> list[Part]:
    made = [_title(texts.text("home.watch.title"))]
    if not watches:
        return [*made, part(1, blocks.context(texts.text("home.watch.none")))]
    for number, watch in enumerate(watches[:LISTED_WATCHES]):
        direct = watch.channel.startswith("D")
        where = texts.text("home.watch.direct") if direct else f"<#{watch.channel}>"
        row = _section(
            texts.text(
                f"home.watch.{watch.kind}",
                host=mrkdwn(shorten(watch_name(watch, texts), 200)),
                where=where,
                when=moment(watch.seen),
            )
        )
        value = Press(
            command=command_text(watch.question, texts.lang, watch.vantage),
            lang=texts.lang,
            watch=watch.id,
        ).encode()
        if value is not None:
            row["accessory"] = blocks.button(STOP, texts.text("watch.button.stop"), value)
        made.append(part(1 + number, row))
    if len(watches) > LISTED_WATCHES:
        more = texts.text("home.watch.more", n=len(watches) - LISTED_WATCHES)
        made.append(part(1, blocks.context(more)))
    return made


def _expiring(found: Sequence[Expiring], texts: Catalogue, now: datetime) -> list[Part]:
    if not found:
        return []
    lines = []
    for one in found[:LISTED_EXPIRING]:
        left = one.not_after - now
        key = "home.expiring.line" if left.total_seconds() > 0 else "home.expiring.past"
        lines.append(
            texts.text(
                key,
                host=mrkdwn(shorten(watched_name(one.target), 200)),
                left=period(abs(left), texts.lang),
                when=moment(one.not_after),
            )
        )
    return [_title(texts.text("home.expiring.title")), part(1, _section("\n".join(lines)))]


def _language(texts: Catalogue, chosen: Lang | None) -> Block:
    options = [
        {"text": blocks.plain(texts.text(f"home.lang.{one}"), limits.OPTION_TEXT), "value": one}
        for one in (AUTOMATIC, *LANGS)
    ]
    section = _section(texts.text("home.lang.title"))
    section["accessory"] = {
        "type": "static_select",
        "action_id": CHOOSE,
        "options": options,
        "initial_option": next(one for one in options if one["value"] == (chosen or AUTOMATIC)),
    }
    return section


def _title(text: str) -> Part:
    return part(0, blocks.divider(), _section(f"*{text}*"))


def _section(text: str) -> Block:
    return {"type": "section", "text": blocks.marked(text)}
