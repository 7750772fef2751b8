"""`/tlscheck vantages`: who is there, and what each place says of its machine."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median_low

from bot.diagnosis.clock import TOLERANCE
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.phrase import period
from bot.worker import Presence
from bot.worker.machine import Bundle
from handlers.desk import Desk
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Message
from handlers.slack.escape import mrkdwn, shorten

LISTED = 40
"""Places with a line of their own: each takes one of Slack's fifty blocks."""
_LABELS = 6
_NAMED = 1000
# What stands below the rows takes at most that, in JSON.
_FOOT = 2000


async def list_vantages(desk: Desk, lang: Lang) -> Message:
    """The places that can be asked now."""
    names = await desk.places.look()
    presences = {name: desk.places.presences(name) for name in names}
    return vantages_message(desk.places.own.name, presences, lang)


def vantages_message(own: str, presences: Mapping[str, Sequence[Presence]], lang: Lang) -> Message:
    """The list.

    Args:
        own: The bot's own place.
        presences: The workers at each place by its name; none at the bot's own.
        lang: The reader's language.
    """
    texts = catalogue(lang)
    title = texts.text("vantage.list.title")
    others = [name for name in presences if name != own]
    first = texts.text("vantage.list.own", place=mrkdwn(shorten(own, 64)))
    if not others:
        said = texts.text("vantage.list.none")
        return Message(f"{first} {said}", (_section(first), blocks.context(blocks.marked(said))))
    offsets = [one.clock_offset for name in others for one in presences[name]]
    usual = median_low([0.0, *offsets]) if len(offsets) > 1 else 0.0
    shown: list[Block] = [blocks.header(title), _section(first)]
    room = limits.MESSAGE_CHARACTERS - limits.MESSAGE_TEXT - _FOOT
    listed = 0
    for name in others[:LISTED]:
        row = _section(_row(name, presences[name], usual, texts))
        if blocks.weigh((*shown, row)) > room:
            break
        shown.append(row)
        listed += 1
    if rest := others[listed:]:
        known = texts.text("vantage.comma").join(mrkdwn(one) for one in rest)
        more = texts.text("vantage.list.more", n=len(rest), known=shorten(known, _NAMED))
        shown.append(blocks.context(blocks.marked(more)))
    shown.append(blocks.context(blocks.marked(texts.text("vantage.list.use"))))
    heard = texts.text("vantage.comma").join((own, *others))
    said = shorten(texts.text("vantage.list.text", places=heard), limits.MESSAGE_TEXT)
    return Message(shorten(mrkdwn(said), limits.MESSAGE_TEXT), tuple(shown))


def _row(name: str, workers: Sequence[Presence], usual: float, texts: Catalogue) -> str:
    labels = [f"{key}={value}" for one in workers[:1] for key, value in one.labels.items()]
    top = texts.text("vantage.list.name", place=mrkdwn(name))
    if labels:
        shown = ", ".join(labels[:_LABELS])
        top = texts.text("vantage.list.labelled", place=top, labels=mrkdwn(shorten(shown, 200)))
    said = [texts.text("vantage.list.workers", n=len(workers))]
    machines = [one.machine for one in workers if one.machine is not None]
    versions = dict.fromkeys(one.openssl for one in machines if one.openssl)
    if versions:
        said.append(mrkdwn(shorten(", ".join(versions), 80)))
    bundles = dict.fromkeys(_bundle_line(one.bundles[0], texts) for one in machines if one.bundles)
    said += [mrkdwn(shorten(one, 80)) for one in list(bundles)[:2]]
    said.append(_clock(max((one.clock_offset - usual for one in workers), key=abs), texts))
    return f"{top}\n{texts.text('vantage.list.dot').join(said)}"


def _bundle_line(bundle: Bundle, texts: Catalogue) -> str:
    if bundle.until is None:
        return texts.text("vantage.list.bundle.own", n=bundle.roots)
    when = f"{bundle.until:%Y-%m}"
    return texts.text("vantage.list.bundle", n=bundle.roots, when=when)


def _clock(offset: float, texts: Catalogue) -> str:
    if abs(offset) <= TOLERANCE.total_seconds():
        return texts.text("vantage.list.clock.right")
    key = "vantage.list.clock.behind" if offset > 0 else "vantage.list.clock.ahead"
    return texts.text(key, period=period(timedelta(seconds=abs(offset)), texts.lang))


def _section(text: str) -> Block:
    return {"type": "section", "text": blocks.marked(text)}
