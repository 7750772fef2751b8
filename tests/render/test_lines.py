"""Lines that fit, in English and Japanese."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.render.lines import pad, shorten, wrap
from bot.render.sanitise import visible


def test_english_breaks_between_words() -> None:
    """Words stay whole as long as they fit."""
    assert wrap("the server does not send it", 12) == ["the server", "does not", "send it"]


def test_japanese_breaks_anywhere_but_before_a_full_stop() -> None:
    """Full-width characters count two cells, and 。 never begins a line."""
    assert wrap("中間証明書がありません。", 10) == ["中間証明書", "がありませ", "ん。"]
    assert wrap("証明書「例」です。", 8) == ["証明書", "「例」で", "す。"]


def test_long_words_are_cut() -> None:
    """What is longer than a line is cut rather than left to run over."""
    assert wrap("aaaaaaaaaa bb", 4) == ["aaaa", "aaaa", "aa", "bb"]


def test_shorten_and_pad() -> None:
    """Columns are measured in cells."""
    assert shorten("日本語テスト", 7) == "日本語…"
    assert pad("日本", 6) == "日本  "


@given(st.text().map(visible), st.integers(2, 90))
def test_wrap_fits_and_loses_nothing(text: str, width: int) -> None:
    """No line is wider than asked, and only white space is lost."""
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
