"""Explanations on a terminal: they fit, in both languages, whatever the text held."""

import pytest
from rich.cells import cell_len

from bot.explain import explain
from bot.render.explanation import render_explanation
from bot.texts import LANGS, Lang
from bot.texts.explanation import phrase_explanation
from tests.explain.test_explain import KNOWN


def lines(text: str, lang: Lang, width: int) -> list[str]:
    """What a terminal of that width shows."""
    explanation = phrase_explanation(explain(text), lang)
    return [one.plain for one in render_explanation(explanation, lang, width=width)]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_fit(lang: Lang, width: int) -> None:
    """Nothing but commands is wider than the terminal."""
    for *_, text in KNOWN:
        shown = lines(text, lang, width)
        assert all(cell_len(one) <= width or one.startswith("       ") for one in shown)


def test_a_certain_cause_is_not_listed_again() -> None:
    """One cause needs no list of candidates."""
    shown = lines("remote error: tls: unrecognized name", "en", 80)
    assert "What it can be" not in shown


def test_a_check_of_the_named_server_is_offered() -> None:
    """The command can be copied as it stands."""
    shown = lines("Get https://[2001:db8::7]:8443/: x509: certificate has expired", "en", 80)
    assert "       tlscheck check [2001:db8::7]:8443" in shown
