"""The Report's JSON: one line that a terminal can show and any reader can take."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosis.report import Report
from tests.store.samples import question, report

FOREIGN = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def with_subject(subject: str) -> Report:
    """A Report in which a server's certificate says this of itself."""
    made = report(question())
    leaf = made.endpoints[0].chain[0].model_copy(update={"subject": subject})
    endpoint = made.endpoints[0].model_copy(update={"chain": (leaf,)})
    return made.model_copy(update={"endpoints": (endpoint,)})


def test_nothing_that_a_terminal_obeys_is_written() -> None:
    """U+009B is ESC [ in one character; a direction mark turns what is behind it around."""
    written = with_subject("\x1b[2J\x9b31m\x7f\x85\u2028\u202egpj.exe").to_json()
    assert written.isprintable()
    assert len(written.splitlines()) == 1


@given(FOREIGN)
def test_every_subject_comes_back(subject: str) -> None:
    """Escapes are JSON's own: whoever reads it gets what was sent."""
    written = with_subject(subject).to_json()
    assert json.loads(written)["endpoints"][0]["chain"][0]["subject"] == subject
    assert Report.model_validate_json(written).endpoints[0].chain[0].subject == subject
    assert len(written.splitlines()) == 1
