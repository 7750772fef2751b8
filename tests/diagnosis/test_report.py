"""The Report's JSON: one line that a terminal can show and any reader can take."""

import json
from typing import Any

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


# What the first version wrote, by the name of the list or object that holds it ("" is the Report).
FIRST = {
    "": "schema id target checked_at duration_ms vantage verdict cause summary verify findings "
    "endpoints path clients fix",
    "target": "input host port starttls",
    "verify": "code message",
    "findings": "code severity title detail addresses evidence",
    "endpoints": "address port reachable error tls_version cipher alpn verify chain",
    "chain": "subject issuer not_before not_after sha256 serial dns_names role",
    "path": "subject sha256 source",
    "clients": "client label outcome error reason_code reason values",
    "fix": "owner steps fullchain_pem proven",
    "steps": "code values title text command",
}


def rewritten(value: Any, place: str, *, newer: bool) -> Any:
    """The same as an older version would have written it, or one that has more to say."""
    if isinstance(value, list):
        return [rewritten(one, place, newer=newer) for one in value]
    if not isinstance(value, dict) or place not in FIRST:
        return value
    kept = {
        name: rewritten(one, name, newer=newer)
        for name, one in value.items()
        if newer or name in FIRST[place].split()
    }
    return {**kept, "field_of_tomorrow": {"x": [1]}} if newer else kept


def test_a_result_with_fewer_fields_is_read() -> None:
    """What was cached before a field was added is no less of a Report."""
    made = report(question())
    older = rewritten(json.loads(made.to_json()), "", newer=False)
    assert set(older) == set(FIRST[""].split())
    read = Report.model_validate_json(json.dumps(older))
    assert (read.verdict, read.cause) == (made.verdict, made.cause)
    assert [one.code for one in read.findings] == [one.code for one in made.findings]
    assert read.endpoints[0].chain[0].sha256 == made.endpoints[0].chain[0].sha256


def test_a_result_with_more_fields_is_read() -> None:
    """What a newer bot beside this one wrote is read, too: what is unknown is passed over."""
    made = report(question())
    newer = rewritten(json.loads(made.to_json()), "", newer=True)
    assert Report.model_validate_json(json.dumps(newer)).to_json() == made.to_json()
