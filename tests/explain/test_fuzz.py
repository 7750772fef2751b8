"""Any text is answered, in time that grows with its length only."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.explain import explain
from bot.explain.clean import MOST_CHARACTERS
from tests.explain.test_explain import KNOWN

_PIECES = st.sampled_from(
    [text for *_, text in KNOWN]
    + [
        "\x1b[31m",
        "\\",
        '\\"',
        "{",
        "[",
        "<https://",
        "&quot;",
        "a.",
        "(",
        "\n",
        "x509: ",
        "\u202e",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=2000))
def test_any_text_is_answered(text: str) -> None:
    """Nothing that a person can paste is an error of ours."""
    explanation = explain(text)
    assert all(0 < one.confidence <= 1 for one in explanation.candidates)
    explanation.model_dump_json()


@settings(max_examples=100, deadline=None)
@given(st.lists(_PIECES, max_size=30))
def test_any_mixture_is_answered(pieces: list[str]) -> None:
    """Known words in any order and mutilation are answered, too."""
    explain("".join(pieces))
    explain("".join(pieces)[::-1])


def test_time_is_bounded() -> None:
    """The worst that was found for such patterns stays far below a second."""
    for piece in (
        "a.",
        "a",
        "https://",
        "x509: certificate is valid for ",
        "(",
        "\\",
        "[0",
        "at a.b.",
    ):
        text = piece * (MOST_CHARACTERS // len(piece) + 10)
        began = time.process_time()
        explain(text)
        assert time.process_time() - began < 2.0, piece
