"""Lines of text that fit a terminal: measuring and breaking, also for Japanese.

Widths are terminal cells. Japanese has no spaces: it may break between any two full-width
characters, but no line begins with 。 or ends with 「 (the first rules of JIS X 4051).
"""

from collections.abc import Iterator

from rich.cells import cell_len

_NOT_FIRST = frozenset(
    "、。，．・：；？！）］｝〕〉》」』】ー…‥々ゝゞぁぃぅぇぉっゃゅょァィゥェォッャュョヶ％)]}.,:;!?"
)
_NOT_LAST = frozenset("（［｛〔〈《「『【([{")


def wrap(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` cells; at least one, possibly empty, line.

    Args:
        text: One paragraph that has already been made visible; runs of spaces count as one.
        width: At least 2 (a full-width character has to fit).
    """
    width = max(width, 2)
    lines: list[str] = []
    line = ""
    for space, piece in _pieces(text):
        candidate = f"{line} {piece}" if space and line else line + piece
        if cell_len(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _chop(piece, width)
        lines.extend(full)
    return [*lines, line]


def shorten(text: str, width: int) -> str:
    """`text` cut to `width` cells, with … where something is missing."""
    if cell_len(text) <= width:
        return text
    return _chop(text, max(width - 1, 1))[0].rstrip() + "…"


def pad(text: str, width: int) -> str:
    """`text` with spaces behind it up to `width` cells."""
    return text + " " * (width - cell_len(text))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Parts that stay together, each with whether a space stood before it."""
    for word in text.split():
        space = True
        piece = ""
        for character in word:
            if piece and _may_break(piece[-1], character):
                yield space, piece
                space, piece = False, ""
            piece += character
        yield space, piece


def _may_break(before: str, after: str) -> bool:
    if after in _NOT_FIRST or before in _NOT_LAST or cell_len(after) == 0:
        return False
    return cell_len(before) == 2 or cell_len(after) == 2


def _chop(piece: str, width: int) -> list[str]:
    lines = [""]
    for character in piece:
        if lines[-1] and cell_len(lines[-1] + character) > width:
            lines.append("")
        lines[-1] += character
    return lines
