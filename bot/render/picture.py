"""The chain as a picture: a card for each certificate, and the gap where one was not sent.

What is drawn, and every word of it, comes from `bot.render.drawing`, as in the drawings of text.
Pure, and it blocks: call it in a thread.
"""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from bot.diagnosis.report import Report
from bot.render import canvas
from bot.render.canvas import MARGIN, WIDTH, Sheet, Sign
from bot.render.drawing import Entry, chain
from bot.render.sanitise import visible
from bot.texts.catalogue import Catalogue, Lang, catalogue

ALT_CHARACTERS: Final = 1000
"""docs.slack.dev/reference/methods/files.getUploadURLExternal: alt_txt, "maximum 1,000"."""

_MOST_CARDS: Final = 12
_SIGNS: Final[dict[str, Sign]] = {"✓": "good", "✗": "bad", "!": "careful"}
_LEFT: Final = MARGIN + 62
_STATUS: Final = 16
_GAP: Final = 40


@dataclass(frozen=True)
class Picture:
    """A PNG with its name, title and alternative text."""

    name: str
    title: str
    alt: str
    png: bytes


def chain_picture(
    report: Report, moment: datetime, lang: Lang, zone: tzinfo = UTC
) -> Picture | None:
    """The chain as it was sent, and what is missing in it.

    Args:
        report: Phrased in `lang`.
        moment: The moment that the chain was judged at.
        lang: The reader's language; English is drawn where no font with Japanese is there, and the
            alternative text is in the reader's language all the same.
        zone: The reader's.

    Returns:
        None when no certificate was seen.
    """
    texts = catalogue(lang)
    entries = chain(report, moment, texts)
    if not any(not one.heading for one in entries):
        return None
    drawn_in = drawn_texts(texts)
    title = texts.text("picture.chain.title", host=visible(report.target.host))
    spoken = [
        texts.text("picture.chain.entry", name=one.name, status=one.status)
        for one in entries
        if not one.heading
    ]
    return Picture(
        name=f"{file_stem(report)}.chain.png",
        title=title[:200],
        alt=alt_text(" ".join((title, *spoken))),
        png=_draw(report, chain(report, moment, drawn_in), drawn_in, moment, zone),
    )


def drawn_texts(texts: Catalogue) -> Catalogue:
    """The texts in a picture: the reader's, unless no font here can draw them."""
    return texts if canvas.drawable(texts.text("picture.sample")) else catalogue("en")


def file_stem(report: Report) -> str:
    """The host as the beginning of a file's name."""
    host = report.target.host[:100]
    return "".join(one if one.isascii() and (one.isalnum() or one in ".-") else "_" for one in host)


def alt_text(text: str) -> str:
    """An alternative text within Slack's limit."""
    return text if len(text) <= ALT_CHARACTERS else text[: ALT_CHARACTERS - 1] + "…"


def drawn_name(name: str, number: int, texts: Catalogue) -> str:
    """The name; where the font cannot draw it, without its accents, else a number in its place."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", name) if one.isascii())
    if canvas.drawable(name):
        return name
    if len(bare) >= len(name):
        return bare
    return texts.text("picture.unreadable", number=number)


def head(sheet: Sheet, title: str, line: str) -> None:
    """Title and the line under it."""
    within = WIDTH - 2 * MARGIN
    sheet.text(MARGIN, 22, title, size=22, bold=True, within=within)
    sheet.text(MARGIN, 55, line, size=15, colour=canvas.SOFT, within=within)


def subtitle(report: Report, moment: datetime, zone: tzinfo, texts: Catalogue) -> str:
    """What was found, and as of when."""
    code = report.cause.value if report.cause is not None and report.verdict != "ok" else "ok"
    with suppress(OverflowError):  # as of the first or the last year that there is
        moment = moment.astimezone(zone)
    when = f"{moment:%Y-%m-%d %H:%M %Z}"
    key = f"cause.{code}.title"
    title = texts.text(key) if texts.has(key) else code
    return texts.text("picture.subtitle", title=title, when=when)


def _draw(
    report: Report, entries: list[Entry], texts: Catalogue, moment: datetime, zone: tzinfo
) -> bytes:
    left_out = len(entries) - _MOST_CARDS
    entries = entries[:_MOST_CARDS]
    if left_out > 0:
        entries.append(Entry(texts.text("terminal.chain.more", n=left_out), heading=True))
    within = WIDTH - _LEFT - MARGIN - 14
    statuses = [canvas.wrapped(one.status, within, 2, size=_STATUS) for one in entries]
    heights = [
        34 if one.heading else 52 + 23 * len(lines)
        for one, lines in zip(entries, statuses, strict=True)
    ]
    sheet = Sheet(94 + sum(heights) + _GAP * len(entries))
    head(
        sheet,
        texts.text("picture.chain.title", host=visible(report.target.host)),
        subtitle(report, moment, zone, texts),
    )
    top = 94.0
    before: Entry | None = None
    for number, (one, lines, height) in enumerate(
        zip(entries, statuses, heights, strict=True), start=1
    ):
        if one.heading:
            shown = canvas.drawable(one.name)
            sheet.text(MARGIN, top + 4, one.name if shown else "…", size=16, colour=canvas.SOFT)
            top += height
            before = None
            continue
        if before is not None and one.depth > before.depth:
            _link(sheet, top, texts, broken=one.missing or before.missing)
            top += _GAP
        elif before is not None:
            top += 14
        named = replace(one, name=drawn_name(one.name, number, texts))
        _card(sheet, top, height, named, lines)
        top += height
        before = one
    return sheet.png(top + MARGIN)


def _card(sheet: Sheet, top: float, height: float, one: Entry, lines: list[str]) -> None:
    sign = _SIGNS.get(one.mark, "none")
    colour, fill = canvas.COLOURS[sign]
    box = (MARGIN, top, WIDTH - MARGIN, top + height)
    if one.missing:
        sheet.box(box, fill=canvas.PAPER, edge=colour, dashed=True)
        sheet.hatch((MARGIN + 2, top + 2, WIDTH - MARGIN - 2, top + height - 2), "#f6d5d2")
        # Words stand on plain ground.
        wide = max(
            canvas.length(one.name, size=19, bold=True),
            *(canvas.length(line, size=_STATUS) for line in lines),
            0,
        )
        wide = min(wide, WIDTH - _LEFT - MARGIN - 14)
        sheet.plain((MARGIN + 10, top + 8, _LEFT + wide + 12, top + height - 8))
    else:
        sheet.box(box, fill=fill, edge=colour)
    sheet.sign(MARGIN + 33, top + height / 2, sign)
    within = WIDTH - _LEFT - MARGIN - 14
    sheet.text(_LEFT, top + 12, one.name, size=19, bold=True, within=within)
    for row, line in enumerate(lines):
        sheet.text(_LEFT, top + 40 + 23 * row, line, size=_STATUS, colour=colour)


def _link(sheet: Sheet, top: float, texts: Catalogue, *, broken: bool) -> None:
    x = MARGIN + 33
    colour = canvas.RED if broken else canvas.GREEN
    sheet.line((x, top + 3), (x, top + _GAP - 8), colour=colour, width=2.5, dashed=broken)
    sheet.arrow(x, top + _GAP - 3, colour=colour)
    words = texts.text("picture.chain.signed_by")
    sheet.text(_LEFT, top + _GAP / 2, words, size=14, colour=canvas.SOFT, anchor="lm")
