"""The sheet that pictures are drawn on: fonts, colours, text within a width, shapes.

Pictures are drawn at twice their size, so that they stay sharp on any screen. No meaning is left to
colour alone: shapes, dashes and words say the same. Every pair of colours that is used for text
has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3). What is drawn here blocks: call it in a thread.
"""

import io
import math
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

Colour = str
Sign = Literal["good", "bad", "careful", "none"]
Font = ImageFont.FreeTypeFont

SCALE: Final = 2
WIDTH: Final = 820
MARGIN: Final = 28
MOST_HEIGHT: Final = 2400

PAPER: Final = "#ffffff"
INK: Final = "#1d1c1d"
SOFT: Final = "#565656"
LINE: Final = "#c9ccd1"
GREEN: Final = "#166b34"
GREEN_FILL: Final = "#eef8f1"
RED: Final = "#b3201a"
RED_FILL: Final = "#fdf1f0"
AMBER: Final = "#7a4d00"
AMBER_FILL: Final = "#fdf6e7"

COLOURS: Final[dict[Sign, tuple[Colour, Colour]]] = {
    "good": (GREEN, GREEN_FILL),
    "bad": (RED, RED_FILL),
    "careful": (AMBER, AMBER_FILL),
    "none": (SOFT, PAPER),
}

# Regular and bold, those with Japanese first: Debian, Fedora, Alpine; macOS; Windows.
_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "C:/Windows/Fonts")  # fmt: skip
_FONTS: Final = (
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansJP-Regular.otf", "NotoSansJP-Bold.otf"),
    ("ipaexg.ttf", "ipaexg.ttf"),
    ("ipag.ttf", "ipag.ttf"),
    ("ヒラギノ角ゴシック W3.ttc", "ヒラギノ角ゴシック W6.ttc"),
    ("YuGothM.ttc", "YuGothB.ttc"),
    ("meiryo.ttc", "meiryob.ttc"),
    # Without Japanese, and with more letters than the one that comes with Pillow.
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
)
_NOBODY_S: Final = "\U0010ffff"


@cache
def font_files() -> tuple[Path, Path] | None:
    """The files of the best font here, regular and bold; None where there is none."""
    found: dict[str, Path] = {}
    for folder in map(Path, _FOLDERS):
        if folder.is_dir():
            found |= {one.name: one for one in folder.rglob("*.[ot]t[cf]")}
    for regular, bold in _FONTS:
        if regular in found:
            return found[regular], found.get(bold, found[regular])
    return None


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> Font:
    """The font in that size: of this machine, else the one that comes with Pillow."""
    files = font_files()
    if files is not None:
        return ImageFont.truetype(str(files[bold]), size * SCALE)
    made = ImageFont.load_default(size * SCALE)
    if not isinstance(made, ImageFont.FreeTypeFont):
        msg = "Pillow was built without FreeType"
        raise TypeError(msg)
    return made


@lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    """Whether the font knows the character; one that it does not know looks like no character."""
    if character.isspace():
        return True
    drawn = font(12)
    one, other = drawn.getmask(character), drawn.getmask(_NOBODY_S)
    return (one.size, bytes(one)) != (other.size, bytes(other))


def drawable(text: str) -> bool:
    """Whether every character of the text can be drawn."""
    return all(_has(one) for one in text[:500])


class Sheet:
    """A white sheet; all measures are in points of the finished picture."""

    def __init__(self, height: int) -> None:
        self.height = min(height, MOST_HEIGHT)
        self._image = Image.new("RGB", (WIDTH * SCALE, self.height * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 16,
        bold: bool = False,
        colour: Colour = INK,
        within: float | None = None,
        anchor: str = "la",
    ) -> None:
        """One line of text; with `within` it is shortened to that width."""
        shown = text if within is None else shortened(text, within, size=size, bold=bold)
        self._draw.text(
            (x * SCALE, y * SCALE),
            shown,
            font=font(size, bold=bold),
            fill=colour,
            anchor=anchor,
        )

    def box(
        self,
        box: tuple[float, float, float, float],
        *,
        fill: Colour,
        edge: Colour,
        dashed: bool = False,
        radius: int = 10,
    ) -> None:
        """A rounded box; a dashed one stands for what is not there."""
        left, top, right, bottom = (round(one * SCALE) for one in box)
        width = 0 if dashed else 2 * SCALE
        self._draw.rounded_rectangle(
            (left, top, right, bottom), radius * SCALE, fill, edge if width else None, width
        )
        if dashed:
            for start, end in _around(box):
                self.line(start, end, colour=edge, width=2.5, dashed=True)

    def plain(self, box: tuple[float, float, float, float]) -> None:
        """Plain ground, for words."""
        self._draw.rectangle([one * SCALE for one in box], fill=PAPER)

    def hatch(self, box: tuple[float, float, float, float], colour: Colour, step: int = 12) -> None:
        """Slanted lines over a box: it is void."""
        left, top, right, bottom = box
        high = bottom - top
        start = left - high
        while start < right:
            one = max(start, left)
            other = min(start + high, right)
            if other > one:
                self.line(
                    (one, bottom - (one - start)), (other, bottom - (other - start)), colour=colour
                )
            start += step

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        colour: Colour = LINE,
        width: float = 1,
        dashed: bool = False,
    ) -> None:
        """A straight line."""
        pieces = _dashes(start, end) if dashed else [(start, end)]
        for one, other in pieces:
            points = [(one[0] * SCALE, one[1] * SCALE), (other[0] * SCALE, other[1] * SCALE)]
            self._draw.line(points, fill=colour, width=max(round(width * SCALE), 1))

    def arrow(self, x: float, y: float, *, colour: Colour, size: float = 6, right: int = 0) -> None:
        """The head of an arrow with its tip there: downwards, or to the right (1) or left (-1)."""
        if right:
            points = [(x, y), (x - size * right, y - size), (x - size * right, y + size)]
        else:
            points = [(x, y), (x - size, y - size), (x + size, y - size)]
        self._draw.polygon([(one * SCALE, two * SCALE) for one, two in points], fill=colour)

    def sign(self, x: float, y: float, sign: Sign, radius: float = 15) -> None:
        """A sign around that point: a tick, a cross, an exclamation mark, or a plain ring."""
        colour, _ = COLOURS[sign]
        around = [(one * SCALE) for one in (x - radius, y - radius, x + radius, y + radius)]
        if sign == "none":
            self._draw.ellipse(around, outline=colour, width=2 * SCALE)
            return
        self._draw.ellipse(around, fill=colour)
        r = radius * 0.42
        strokes: list[tuple[tuple[float, float], tuple[float, float]]] = {
            "good": [((-r, 0.1 * r), (-0.25 * r, 0.8 * r)), ((-0.25 * r, 0.8 * r), (r, -0.8 * r))],
            "bad": [((-r, -r), (r, r)), ((-r, r), (r, -r))],
            "careful": [((0.0, -1.2 * r), (0.0, 0.3 * r)), ((0.0, 0.95 * r), (0.0, 1.2 * r))],
        }[sign]
        for one, other in strokes:
            self.line(
                (x + one[0], y + one[1]), (x + other[0], y + other[1]), colour=PAPER, width=3.2
            )

    def png(self, bottom: float | None = None) -> bytes:
        """The picture down to `bottom`; few colours make a small file."""
        height = self.height if bottom is None else min(round(bottom), self.height)
        file = io.BytesIO()
        shown = self._image.crop((0, 0, WIDTH * SCALE, height * SCALE))
        shown.quantize(64, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        return file.getvalue()


def length(text: str, *, size: int = 16, bold: bool = False) -> float:
    """How wide a line of text is."""
    return font(size, bold=bold).getlength(text) / SCALE


def shortened(text: str, within: float, *, size: int = 16, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits, and “…”."""
    text = text[:300]
    if length(text, size=size, bold=bold) <= within:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[:middle].rstrip() + "…", size=size, bold=bold) <= within:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def wrapped(text: str, within: float, most: int, *, size: int = 16) -> list[str]:
    """The text in at most so many lines, broken at spaces, else (Japanese) anywhere."""
    lines: list[str] = []
    rest = text[:600].strip()
    while rest and len(lines) < most - 1 and length(rest, size=size) > within:
        fits = len(shortened(rest, within, size=size)) - 1
        cut = rest.rfind(" ", 0, fits + 1)
        cut = cut if cut > fits // 2 else max(fits, 1)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, shortened(rest, within, size=size)] if rest else lines


def _around(
    box: tuple[float, float, float, float],
) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    left, top, right, bottom = box
    yield (left, top), (right, top)
    yield (right, top), (right, bottom)
    yield (right, bottom), (left, bottom)
    yield (left, bottom), (left, top)


def _dashes(
    start: tuple[float, float], end: tuple[float, float], dash: float = 7
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Pieces of a line with gaps between."""
    whole = math.dist(start, end)
    if not whole:
        return []
    pieces = []
    at = 0.0
    while at < whole:
        ends = (at / whole, min(at + dash, whole) / whole)
        one, other = (
            (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            for part in ends
        )
        pieces.append((one, other))
        at += dash * 1.8
    return pieces
