"""The addresses of one name: what one answer they give together."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.lab.pki import make_leaf
from bot.diagnosis.causes import Cause
from bot.diagnosis.combine import Judged, combine
from bot.diagnosis.rules import findings_of
from bot.diagnosis.view import View
from tests.diagnosis.chains import CASES, HOST, ISSUING, ROOT, UPPER, Case
from tests.diagnosis.servers import NOW
from tests.diagnosis.views import fault_view, view_of

_SOON = make_leaf(
    ISSUING, HOST, now=NOW, not_before=NOW - timedelta(days=89), not_after=NOW + timedelta(days=1)
)
VIEWS: dict[str, View] = {
    "ok": view_of(CASES["complete"]),
    "expired": view_of(CASES["expired"]),
    "missing": view_of(CASES["leaf alone"], ISSUING, UPPER),
    "soon": view_of(Case((_SOON, ISSUING, UPPER), (ROOT,))),
    "refused": fault_view("refused"),
    "no answer": fault_view("connect_timeout"),
    "silent": fault_view("silent"),
    "reset": fault_view("reset"),
    "denied": fault_view("denied"),
    "no route": fault_view("no_route", "Network is unreachable"),
    "plaintext": fault_view("plaintext"),
}


def judged(*kinds: str) -> list[Judged]:
    """So many addresses, numbered, each of its kind."""
    return [
        Judged(f"192.0.2.{number}", VIEWS[kind], findings_of(VIEWS[kind]))
        for number, kind in enumerate(kinds, 1)
    ]


@pytest.mark.parametrize(
    ("kinds", "verdict", "cause"),
    [
        (["ok"], "ok", None),
        (["ok", "ok", "ok"], "ok", None),
        (["soon", "ok"], "warning", "expiring_soon"),
        (["expired"], "broken", "expired"),
        (["expired", "expired"], "broken", "expired"),
        (["ok", "ok", "expired"], "broken", "backends_differ"),
        (["expired", "ok"], "broken", "backends_differ"),
        (["expired", "missing"], "broken", "backends_differ"),
        (["ok", "silent"], "broken", "backends_differ"),
        (["ok", "plaintext"], "broken", "backends_differ"),
        (["ok", "refused"], "warning", "backends_differ"),
        (["ok", "no answer", "refused"], "warning", "backends_differ"),
        (["ok", "denied"], "warning", "backends_differ"),
        (["refused"], "unreachable", "connection_refused"),
        (["refused", "refused"], "unreachable", "connection_refused"),
        (["refused", "no answer"], "unreachable", "connection_refused"),
        (["reset"], "unreachable", "connection_reset"),
        (["denied"], "unreachable", "egress_denied"),
        (["no answer"], "unreachable", "timeout"),
        (["refused", "missing"], "broken", "missing_intermediate"),
        (["no answer", "missing", "missing"], "broken", "missing_intermediate"),
        (["ok", "no route"], "ok", None),
        (["no route", "expired"], "broken", "expired"),
        (["no route", "refused"], "unreachable", "connection_refused"),
        (["no route"], "unreachable", "timeout"),
        (["no route", "no route"], "unreachable", "timeout"),
    ],
    ids=lambda one: "+".join(one) if isinstance(one, list) else None,
)
def test_one_answer_of_many(kinds: list[str], verdict: str, cause: str | None) -> None:
    """What all agree on is the cause; where they do not, that is."""
    found = combine(judged(*kinds))
    assert (found.verdict, found.cause.value if found.cause else None) == (verdict, cause)
    assert (found.findings[0].code if found.cause else None) == found.cause


def test_the_odd_ones_are_named() -> None:
    """Who gets the broken address is told by its number among all."""
    found = combine(judged("ok", "ok", "expired"))
    evidence = found.findings[0].evidence
    assert found.findings[0].addresses == ("192.0.2.3",)
    assert (evidence["broken"], evidence["total"]) == (1, 3)
    assert (evidence["odd"], evidence["odd_cause"]) == ("192.0.2.3", "expired")
    assert found.lead.address == "192.0.2.3"
    assert found.findings[1].code is Cause.EXPIRED
    assert found.findings[1].addresses == ("192.0.2.3",)


def test_addresses_that_are_down_are_named() -> None:
    """The others work, so that nobody is woken; the address is said all the same."""
    found = combine(judged("ok", "refused"))
    assert found.findings[0].severity == "warning"
    assert found.findings[0].evidence["down"] is True
    assert found.findings[0].addresses == ("192.0.2.2",)
    assert found.lead.address == "192.0.2.1"
    assert all(one.severity == "warning" for one in found.findings)


def test_an_address_down_is_said_beside_the_cause() -> None:
    """What breaks the reachable ones is the cause; the address that is down is a footnote."""
    found = combine(judged("refused", "missing"))
    assert [(one.code.value, one.severity) for one in found.findings] == [
        ("missing_intermediate", "critical"),
        ("connection_refused", "warning"),
        ("backends_differ", "warning"),
    ]


def test_equal_findings_are_folded() -> None:
    """Ten addresses with the same fault are one finding with ten addresses."""
    found = combine(judged(*["expired"] * 10))
    assert len(found.findings) == 1
    assert len(found.findings[0].addresses) == 10
    assert len(found.groups) == 1


def test_a_file_counts_as_reached() -> None:
    """A chain from a file has no connection, and is judged all the same."""
    view = replace(VIEWS["expired"], handshake=None)
    found = combine([Judged("", view, findings_of(view))])
    assert (found.verdict, found.cause) == ("broken", Cause.EXPIRED)


@given(st.lists(st.sampled_from(sorted(VIEWS)), min_size=1, max_size=6))
def test_whatever_the_addresses_show(kinds: list[str]) -> None:
    """Any mixture gives one verdict that fits its cause, in any order of the addresses."""
    found = combine(judged(*kinds))
    turned = combine(judged(*reversed(kinds)))
    assert (found.verdict, found.cause) == (turned.verdict, turned.cause)
    assert (found.cause is None) == (found.verdict == "ok")
    if found.cause is not None:
        assert found.findings[0].code is found.cause
    if found.verdict in ("broken", "unreachable"):
        assert found.findings[0].severity == "critical"
    if found.verdict == "ok":
        assert not any(one.severity == "critical" for one in found.findings)
