"""The validity of a chain's certificates as a picture: a bar for each, and the moment of the check.

The server's own certificate lives for weeks, its root for decades: the axis covers what decides,
and bars that go on beyond it end in an arrow with the date. Pure, and it blocks: call it in a
thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot.diagnosis.report import Report
from bot.render import canvas
from bot.render.canvas import MARGIN, WIDTH, Sheet, Sign
from bot.render.drawing import common_name, shown_endpoint
from bot.render.picture import (
    Picture,
    alt_text,
    drawn_name,
    drawn_texts,
    file_stem,
    head,
    subtitle,
)
from bot.render.sanitise import visible
from bot.texts.catalogue import Catalogue, Lang, catalogue

_MOST_BARS: Final = 8
_ROW: Final = 74
_LEFT: Final = MARGIN + 6
_RIGHT: Final = WIDTH - MARGIN - 6
_TOP: Final = 120
_STEPS: Final = (1, 2, 7, 14, 30, 61, 91, 182, 365, 730, 1826, 3652, 7305)
_MOST_TICKS: Final = 7
_EDGE: Final = timedelta(days=365 * 60)
# A chain may be judged as of any year (--at); far from ours there is nothing to draw an axis for.
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2300, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Span:
    """From when to when a certificate is valid."""

    name: str
    begins: datetime
    ends: datetime

    def sign(self, moment: datetime) -> Sign:
        """Whether it is valid at that moment."""
        if not self.begins <= moment <= self.ends:
            return "bad"
        life = self.ends - self.begins
        return "careful" if self.ends - moment < min(life / 10, timedelta(days=7)) else "good"


def validity_picture(
    report: Report, moment: datetime, lang: Lang, zone: tzinfo = UTC
) -> Picture | None:
    """When each certificate that was sent is valid; None when none was.

    Args:
        report: Any Report.
        moment: The moment that the chain was judged at.
        lang: The reader's language (see `picture.chain_picture`).
        zone: The reader's.
    """
    moment = min(max(moment, _FIRST), _LAST)
    found = spans(report, moment)
    if not found:
        return None
    texts = catalogue(lang)
    title = texts.text("picture.time.title", host=visible(report.target.host))
    spoken = [_spoken(one, moment, zone, texts) for one in found]
    return Picture(
        name=f"{file_stem(report)}.validity.png",
        title=title[:200],
        alt=alt_text(" ".join((title, *spoken))),
        png=_draw(report, found, drawn_texts(texts), moment, zone),
    )


def _spoken(one: Span, moment: datetime, zone: tzinfo, texts: Catalogue) -> str:
    state = _state(one, moment)
    dates = {"begins": _date(one.begins, zone), "ends": _date(one.ends, zone)}
    return texts.text(f"picture.time.{state}.entry", dates, name=one.name)


def spans(report: Report, moment: datetime) -> list[Span]:
    """The certificates that were sent, each once, in the order that they were sent in."""
    endpoint = shown_endpoint(report)
    once = {one.sha256: one for one in endpoint.chain} if endpoint else {}
    return [
        Span(
            common_name(one.subject),
            _within(one.not_before, moment),
            max(_within(one.not_after, moment), _within(one.not_before, moment)),
        )
        for one in list(once.values())[:_MOST_BARS]
    ]


def axis(found: Sequence[Span], moment: datetime) -> tuple[datetime, datetime]:
    """From when to when is drawn: the server's own life, now, and what is not valid now."""
    first = found[0]
    marks = [first.begins, first.ends, moment]
    for one in found:
        if one.ends < moment:
            marks.append(one.ends)
        if one.begins > moment:
            marks.append(one.begins)
    begin, end = min(marks), max(marks)
    room = max((end - begin) * 0.09, timedelta(hours=12))
    return begin - room, end + room


def _within(at: datetime, moment: datetime) -> datetime:
    """A certificate may claim any year; beyond a lifetime it makes no difference here."""
    return min(max(at, moment - _EDGE), moment + _EDGE).astimezone(UTC)


def _state(one: Span, moment: datetime) -> str:
    if moment < one.begins:
        return "not_yet"
    return "expired" if moment > one.ends else "valid"


def _date(at: datetime, zone: tzinfo) -> str:
    at = at.astimezone(zone)
    return f"{at.year:04}-{at.month:02}-{at.day:02}"


def _draw(
    report: Report, found: list[Span], texts: Catalogue, moment: datetime, zone: tzinfo
) -> bytes:
    begin, end = axis(found, moment)
    bottom = _TOP + _ROW * len(found)
    sheet = Sheet(bottom + 44)
    head(
        sheet,
        texts.text("picture.time.title", host=visible(report.target.host)),
        subtitle(report, moment, zone, texts),
    )

    def place(at: datetime) -> float:
        part = (at - begin) / (end - begin)
        return _LEFT + (_RIGHT - _LEFT) * min(max(part, 0.0), 1.0)

    for tick in ticks(begin, end):
        x = place(tick)
        sheet.line((x, _TOP - 6), (x, bottom), colour="#e6e8eb")
        sheet.text(x, bottom + 8, _date(tick, UTC), size=13, colour=canvas.SOFT, anchor="ma")
    _now(sheet, place(moment), bottom, texts)
    for number, one in enumerate(found):
        _bar(sheet, _TOP + _ROW * number, number + 1, one, (begin, end), moment, zone, texts)
    return sheet.png()


def _bar(  # noqa: PLR0917 - one row of the drawing
    sheet: Sheet,
    top: float,
    number: int,
    one: Span,
    shown: tuple[datetime, datetime],
    moment: datetime,
    zone: tzinfo,
    texts: Catalogue,
) -> None:
    begin, end = shown
    wide = _RIGHT - _LEFT

    def place(at: datetime) -> float:
        return _LEFT + wide * min(max((at - begin) / (end - begin), 0.0), 1.0)

    sign = one.sign(moment)
    colour, fill = canvas.COLOURS[sign]
    state = _state(one, moment)
    dates = texts.text(
        f"picture.time.{state}.dates",
        begins=_date(one.begins, zone),
        ends=_date(one.ends, zone),
    )
    dates_wide = canvas.length(dates, size=14)
    name = drawn_name(one.name, number, texts)
    within = wide - 26 - dates_wide - 16
    # Words stand on plain ground, not on the lines of the axis.
    name = canvas.shortened(name, within, size=17, bold=True)
    ends = _LEFT + 26 + canvas.length(name, size=17, bold=True)
    sheet.plain((_LEFT - 2, top, ends + 4, top + 28))
    sheet.plain((_RIGHT - dates_wide - 4, top + 2, _RIGHT + 2, top + 27))
    sheet.sign(_LEFT + 9, top + 14, sign, radius=9)
    sheet.text(_LEFT + 26, top + 3, name, size=17, bold=True)
    sheet.text(_RIGHT, top + 6, dates, size=14, colour=colour, anchor="ra")
    left, right = place(one.begins), max(place(one.ends), place(one.begins) + 3)
    box = (left, top + 31, right, top + 53)
    sheet.box(box, fill=fill, edge=colour, radius=5)
    if sign == "bad":
        sheet.hatch((left + 2, top + 33, right - 2, top + 51), colour, step=9)
    now = place(moment)
    sheet.line((now, top + 28), (now, top + 56), colour=canvas.INK, width=2)
    if one.begins < begin:
        sheet.arrow(_LEFT - 8, top + 42, colour=colour, right=-1)
    if one.ends > end:
        sheet.arrow(_RIGHT + 8, top + 42, colour=colour, right=1)


def _now(sheet: Sheet, x: float, bottom: float, texts: Catalogue) -> None:
    words = texts.text("picture.time.now")
    half = canvas.length(words, size=14, bold=True) / 2 + 8
    middle = min(max(x, MARGIN + half), WIDTH - MARGIN - half)
    sheet.line((x, _TOP - 12), (x, bottom), colour=canvas.INK, width=2, dashed=True)
    sheet.box(
        (middle - half, _TOP - 36, middle + half, _TOP - 12),
        fill=canvas.INK,
        edge=canvas.INK,
        radius=6,
    )
    sheet.text(middle, _TOP - 24, words, size=14, bold=True, colour=canvas.PAPER, anchor="mm")


def ticks(begin: datetime, end: datetime) -> list[datetime]:
    """Some days between, at even distances."""
    days = (end - begin) / timedelta(days=1)
    step = next((one for one in _STEPS if days / one <= _MOST_TICKS), _STEPS[-1] * 3)
    first = begin.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    room = (end - begin) * 0.05
    found = [first + timedelta(days=step * n) for n in range(_MOST_TICKS + 1)]
    return [one for one in found if begin + room <= one <= end - room]
