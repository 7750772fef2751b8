"""Explanation → terminal. Every foreign string passes through `visible` here; nothing does I/O."""

from rich.cells import cell_len
from rich.text import Text

from bot.diagnosis.causes import Cause
from bot.explain import Explanation, Place
from bot.render.lines import pad
from bot.render.page import Page, open_page
from bot.render.sanitise import visible
from bot.texts.catalogue import Lang
from bot.texts.explanation import headline, likelihood, origin


def render_explanation(explanation: Explanation, lang: Lang, *, width: int = 80) -> list[Text]:
    """The full explanation.

    Args:
        explanation: With its texts in `lang` (`phrase_explanation`).
        lang: The language of the words around them.
        width: Cells of the terminal; only commands may be longer.

    Returns:
        Lines without their line feeds.
    """
    page = open_page(width, lang)
    texts = page.texts
    page.paragraph(headline(explanation, texts), style="bold", first="» ", first_style="bold cyan")
    page.paragraph(explanation.summary)
    _origin(page, explanation)
    _candidates(page, explanation)
    if explanation.next_steps:
        page.heading(texts.text("explain.heading.steps"))
        for number, step in enumerate(explanation.next_steps, start=1):
            page.paragraph(visible(step.title), first=f"  {number}. ")
            page.paragraph(visible(step.text), first="     ", style="dim")
            if step.command:
                page.command(step.command)
    if explanation.evidence:
        page.heading(texts.text("explain.heading.evidence"))
        page.paragraph(visible(explanation.evidence), first="  ", style="dim")
    return page.lines


def _origin(page: Page, explanation: Explanation) -> None:
    texts = page.texts
    printed = origin(explanation, texts)
    said = [printed] if printed else []
    if explanation.serving:
        said.append(texts.text("explain.printed_by_server"))
    if explanation.host:
        target = Place(explanation.host, explanation.port).target
        said.append(texts.text("explain.names_host", host=target))
    if said:
        page.blank()
        for sentence in said:
            page.paragraph(visible(sentence))


def _candidates(page: Page, explanation: Explanation) -> None:
    told = explanation.candidates
    if not told or explanation.cause is Cause.NOT_A_TLS_ERROR:
        return
    if len(told) == 1 and told[0].cause is explanation.cause:
        return
    page.heading(page.texts.text("explain.heading.candidates"))
    words = [likelihood(one, page.texts) for one in told]
    room = max(map(cell_len, words))
    for one, word in zip(told, words, strict=True):
        page.paragraph(one.title, first=f"  {pad(word, room)}  ", first_style="cyan")
