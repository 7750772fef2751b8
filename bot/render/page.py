"""A page of terminal text: lines of `rich.text.Text` that already fit, so that nothing wraps twice."""

from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from bot.render.lines import shorten, wrap
from bot.render.sanitise import visible_lines
from bot.texts.catalogue import Catalogue, Lang, catalogue

NARROWEST = 40
LABELS = 16  # cells for the clients beside the line that they print
_WIDEST = 120  # longer lines are hard to read, however wide the window is


@dataclass
class Page:
    """Lines so far; `width` is in cells."""

    width: int
    texts: Catalogue
    lines: list[Text] = field(default_factory=list)

    def paragraph(
        self, text: str, *, first: str = "", style: str = "", first_style: str = ""
    ) -> None:
        """`text` wrapped behind `first`; the next lines stand below the text."""
        indent = cell_len(first)
        if indent > self.width - LABELS:  # no room beside it
            self.lines.append(Text(shorten(first.rstrip(), self.width), first_style or style))
            first, indent = "    ", 4
        for number, line in enumerate(wrap(text, self.width - indent)):
            head = first if number == 0 else " " * indent
            self.lines.append(Text().append(head, first_style or style).append(line, style))
            self.lines[-1].rstrip()

    def command(self, text: str) -> None:
        """Lines that are copied: never wrapped, each in one piece."""
        for line in visible_lines(text):
            self.lines.append(Text(f"       {line}", "cyan"))

    def heading(self, text: str) -> None:
        """A bold line below an empty one."""
        self.blank()
        self.paragraph(text, style="bold")

    def blank(self) -> None:
        """An empty line, unless there is one already."""
        if self.lines and self.lines[-1].plain:
            self.lines.append(Text())


def open_page(width: int, lang: Lang) -> Page:
    """An empty page for a terminal of that many cells."""
    return Page(max(min(width, _WIDEST), NARROWEST), catalogue(lang))
