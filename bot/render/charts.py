"""What a sweep found, as a picture: verdicts, causes, and when certificates end.

Drawn on white ground with dark words, so that it can be read in dark and light windows alike; no
meaning is left to colour alone. Pure, and it blocks: call it in a thread.
"""

from datetime import UTC, datetime, tzinfo
from typing import Final

from bot.render import canvas
from bot.render.canvas import MARGIN, WIDTH, Sheet, Sign
from bot.render.picture import Picture, alt_text, drawn_name, drawn_texts, head
from bot.render.sanitise import visible
from bot.sweep.tally import EXPIRY, Tally
from bot.texts.catalogue import Catalogue, Lang, catalogue

MOST_CAUSES: Final = 10
_VERDICTS: Final[tuple[tuple[str, Sign], ...]] = (
    ("broken", "bad"),
    ("warning", "careful"),
    ("unreachable", "none"),
    ("ok", "good"),
)
_ENDS: Final[dict[str, Sign]] = {"expired": "bad", "week": "careful", "unknown": "none"}
_INSIDE: Final = WIDTH - 2 * MARGIN
_LABEL: Final = 370
_ROW: Final = 34
_COLUMNS: Final = 150
"""How high the columns of the histogram are."""


def sweep_picture(
    tally: Tally, name: str, moment: datetime, lang: Lang, zone: tzinfo = UTC
) -> Picture:
    """The chart of a sweep.

    Args:
        tally: What was found.
        name: What the list is called; it comes from outside.
        moment: When it was found.
        lang: The reader's language (see `picture.chain_picture`).
        zone: The reader's.
    """
    texts = catalogue(lang)
    name = visible(name)
    causes = tally.causes.most_common(MOST_CAUSES)
    spoken = [
        texts.text("picture.sweep.title", n=tally.total, count=f"{tally.total:,}", name=name),
        *(
            f"{texts.text(f'picture.sweep.{one}')}: {tally.verdicts[one]:,}."
            for one, _ in _VERDICTS
        ),
        *(f"{_cause(code, texts)}: {count:,}." for code, count in causes),
        *(f"{texts.text(f'sweep.expiry.{one}')}: {tally.expiry[one]:,}." for one in EXPIRY),
    ]
    return Picture(
        name="tlscheck-sweep.png",
        title=spoken[0][:200],
        alt=alt_text(" ".join(spoken)),
        png=_draw(tally, name, drawn_texts(texts), moment, zone),
    )


def _cause(code: str, texts: Catalogue) -> str:
    key = f"cause.{code}.title"
    return texts.text(key) if texts.has(key) else code


def _draw(tally: Tally, name: str, texts: Catalogue, moment: datetime, zone: tzinfo) -> bytes:
    causes = tally.causes.most_common(MOST_CAUSES)
    more = sum(tally.causes.values()) - sum(count for _, count in causes)
    bars = [(_cause(code, texts), count) for code, count in causes]
    if more:
        bars.append((texts.text("picture.sweep.other"), more))
    sheet = Sheet(300 + _ROW * len(bars) + 60 + _COLUMNS + 140)
    shown = drawn_name(name, 1, texts)
    title = texts.text("picture.sweep.title", n=tally.total, count=f"{tally.total:,}", name=shown)
    head(sheet, title, f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}")
    top = _verdicts(sheet, 96, tally, texts)
    if bars:
        top = _causes(sheet, top, bars, texts)
    bottom = _ends(sheet, top, tally, texts)
    return sheet.png(bottom + MARGIN)


def _heading(sheet: Sheet, top: float, words: str) -> float:
    sheet.text(MARGIN, top, words, size=18, bold=True, within=_INSIDE)
    return top + 34


def _verdicts(sheet: Sheet, top: float, tally: Tally, texts: Catalogue) -> float:
    """One bar in parts, and below it what each part is."""
    parts = [(one, sign, tally.verdicts[one]) for one, sign in _VERDICTS if tally.verdicts[one]]
    total = sum(count for _, _, count in parts) or 1
    left = float(MARGIN)
    # A part too small to be seen is drawn as wide as can just be seen.
    least = 8.0
    room = _INSIDE - least * len(parts)
    for _, sign, count in parts:
        colour, fill = canvas.COLOURS[sign]
        right = left + least + room * count / total
        box = (left, top, right - 2, top + 34)
        sheet.box(box, fill=fill, edge=colour, radius=5, dashed=sign == "none")
        if sign == "bad":
            sheet.hatch((left + 2, top + 2, right - 4, top + 32), colour, step=9)
        left = right
    x = float(MARGIN)
    for one, sign, count in parts:
        words = f"{texts.text(f'picture.sweep.{one}')}: {count:,}"
        wide = canvas.length(words, size=15) + 44
        if x + wide > WIDTH - MARGIN:
            top, x = top + 28, float(MARGIN)
        sheet.sign(x + 10, top + 58, sign, radius=9)
        sheet.text(x + 25, top + 49, words, size=15, colour=canvas.COLOURS[sign][0])
        x += wide
    return top + 96


def _causes(sheet: Sheet, top: float, bars: list[tuple[str, int]], texts: Catalogue) -> float:
    top = _heading(sheet, top, texts.text("sweep.by_cause"))
    most = max(count for _, count in bars)
    start = MARGIN + _LABEL + 12
    room = WIDTH - MARGIN - start - 70
    for words, count in bars:
        label = canvas.shortened(words, _LABEL, size=15)
        sheet.text(MARGIN + _LABEL, top + 5, label, size=15, anchor="ra")
        right = start + max(room * count / most, 3)
        sheet.box((start, top + 3, right, top + 25), fill=canvas.SOFT, edge=canvas.SOFT, radius=3)
        sheet.text(right + 8, top + 5, f"{count:,}", size=15, bold=True)
        top += _ROW
    return top + 22


def _ends(sheet: Sheet, top: float, tally: Tally, texts: Catalogue) -> float:
    top = _heading(sheet, top, texts.text("sweep.by_expiry"))
    most = max(max(tally.expiry.values(), default=0), 1)
    wide = _INSIDE / len(EXPIRY)
    foot = top + 24 + _COLUMNS
    lines: list[list[str]] = []
    for at, one in enumerate(EXPIRY):
        count = tally.expiry[one]
        sign = _ENDS.get(one, "good")
        colour, fill = canvas.COLOURS[sign]
        middle = MARGIN + wide * (at + 0.5)
        head_at = foot - max(_COLUMNS * count / most, 2)
        box = (middle - wide * 0.32, head_at, middle + wide * 0.32, foot)
        if count:
            sheet.box(box, fill=fill, edge=colour, radius=3, dashed=sign == "none")
            if sign == "bad":
                sheet.hatch((box[0] + 2, box[1] + 2, box[2] - 2, foot - 2), colour, step=9)
        sheet.text(middle, head_at - 22, f"{count:,}", size=15, bold=True, anchor="ma")
        lines.append(canvas.wrapped(texts.text(f"picture.sweep.ends.{one}"), wide - 10, 2, size=14))
        for row, line in enumerate(lines[-1]):
            place = foot + 8 + 20 * row
            sheet.text(middle, place, line, size=14, colour=canvas.SOFT, anchor="ma")
    sheet.line((MARGIN, foot), (WIDTH - MARGIN, foot), colour=canvas.LINE, width=1.5)
    return foot + 12 + 20 * max(len(one) for one in lines)
