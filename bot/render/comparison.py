"""Comparison → terminal: the difference, who saw what, what to do.

Every foreign string passes through `visible` here. Nothing here does I/O.
"""

from datetime import UTC, tzinfo

from rich.text import Text

from bot.compare.comparison import Comparison, Difference
from bot.diagnosis.causes import Verdict
from bot.render.lines import shorten
from bot.render.page import Page, open_page
from bot.render.sanitise import visible
from bot.render.terminal import MARKS, STYLES, place
from bot.texts.catalogue import Lang
from bot.texts.comparison import check_options, decide_options
from bot.texts.moment import moment_text

_NO_ANSWER = ("…", "dim")


def render_comparison(
    comparison: Comparison,
    lang: Lang,
    *,
    width: int = 80,
    verbose: bool = False,
    zone: tzinfo = UTC,
) -> list[Text]:
    """The full comparison.

    Args:
        comparison: With its texts in `lang` (`phrase_comparison`).
        lang: The language of the words around them.
        width: Cells of the terminal; only commands may be longer.
        verbose: Also show the evidence of each difference.
        zone: The reader's time zone.

    Returns:
        Lines without their line feeds.
    """
    page = open_page(width, lang)
    mark, style = _mark(comparison.verdict)
    page.paragraph(
        page.texts.text("compare.title", host=place(comparison.target)),
        first=f"{mark} ",
        style="bold",
        first_style=style,
    )
    page.paragraph(visible(comparison.headline))
    if comparison.difference is not None and verbose:
        _evidence(page, comparison.difference)
    page.blank()
    for group in comparison.groups:
        mark, style = _mark(group.verdict)
        page.paragraph(visible(group.line), first=f"  {mark} ", first_style=style)
    if comparison.next_steps:
        page.heading(page.texts.text("compare.what_to_do"))
        for step in comparison.next_steps:
            page.paragraph(visible(step), first="  ")
        options = decide_options(comparison) or check_options(comparison)
        if options:
            page.command(f"tlscheck check {options}")
    if comparison.footnotes:
        page.heading(page.texts.text("compare.also"))
        for note in comparison.footnotes:
            page.paragraph(visible(note.text), first="  · ")
            if verbose:
                _evidence(page, note)
    page.blank()
    when = moment_text(comparison.compared_at, zone)
    count = len(comparison.places)
    page.paragraph(page.texts.text("compare.footer", n=count, date=when), style="dim")
    return page.lines


def _mark(verdict: Verdict | None) -> tuple[str, str]:
    return _NO_ANSWER if verdict is None else (MARKS[verdict], STYLES[verdict])


def _evidence(page: Page, difference: Difference) -> None:
    for name, value in difference.evidence.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        page.paragraph(visible(shown), first=f"    {shorten(visible(name), 24)}: ", style="dim")
