"""The later answer: what a slow responder says arrives as an update of the first Report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import read_certificate
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.later import LATER_SECONDS, matters, time_left
from bot.diagnosis.question import Question
from bot.diagnosis.revocation import Status
from bot.diagnosis.rules import revoked
from bot.diagnosis.status import Above, Allowance, Revocation
from bot.diagnosis.target import parse_target
from bot.vantage import LocalVantage
from tests.diagnosis.chains import ISSUING, LEAF, ROOT, UPPER, Case
from tests.diagnosis.names import Names
from tests.diagnosis.servers import NOW
from tests.diagnosis.views import view_of

COMPLETE = Case((LEAF, ISSUING, UPPER), (ROOT,))
NEEDED = [one for one in SCENARIOS if one.name in ("revoked-late", "ocsp-slow", "healthy")]


@asynccontextmanager
async def impatient() -> AsyncIterator[tuple[Lab, LocalVantage]]:
    """A vantage of the lab that waits for revocation no longer than a person notices."""
    async with open_lab(scenarios=NEEDED) as lab:
        vantage = LocalVantage(
            "lab",
            resolver=Names(
                {host: [f"{ip}:{port}" for ip, port in all_] for host, all_ in lab.hosts.items()}
            ),
            policy=EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
            extra_roots_pem=lab.roots_pem.decode(),
            patience=0.1,
        )
        yield lab, vantage
        await vantage.aclose()


def asking(name: str, timeout: float = 10.0) -> Question:
    """A question about a server of the lab."""
    return Question(target=parse_target(f"{name}.lab.test"), timeout=timeout)


async def test_a_late_revocation_arrives_as_an_update() -> None:
    """The first Report is fine and says what is open; the later one has its id and the cause."""
    async with impatient() as (lab, vantage):
        first = await vantage.check(asking("revoked-late"))
        assert (first.verdict, first.cause, first.pending) == ("ok", None, ("revocation",))
        later = await vantage.later(first)
        assert later is not None
        assert (later.id, later.checked_at) == (first.id, first.checked_at)
        assert (later.verdict, later.cause, later.pending) == ("broken", Cause.REVOKED, ())
        assert later.fix is not None
        assert matters(first, later)
        # The answer that was under way is the one that is used: nobody is asked twice.
        assert lab.aia_requests == ["/ocsp/late"]
        assert await vantage.later(first) is None


async def test_a_responder_that_keeps_silent_is_given_up() -> None:
    """The later Report notes it and nothing else: that is no reason to write to anybody."""
    async with impatient() as (_, vantage):
        first = await vantage.check(asking("ocsp-slow", timeout=1.0))
        assert first.pending
        later = await vantage.later(first)
        assert later is not None
        assert (later.verdict, later.pending) == ("ok", ())
        [note] = later.findings
        assert (note.severity, note.evidence["fault"]) == ("info", "timeout")
        assert not matters(first, later)


async def test_what_is_complete_has_no_later_report() -> None:
    """A server whose certificates name nobody to ask leaves nothing open."""
    async with impatient() as (_, vantage):
        first = await vantage.check(asking("healthy"))
        assert first.pending == ()
        assert await vantage.later(first) is None


async def test_unfinished_checks_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never asks for the later Report costs a bounded amount of memory; the newest are kept."""
    monkeypatch.setattr("bot.vantage._UNFINISHED", 2)
    async with impatient() as (_, vantage):
        question = asking("ocsp-slow", timeout=1.0)
        reports = [await vantage.check(question) for _ in range(3)]
        assert len(vantage._unfinished) == 2
        assert await vantage.later(reports[0]) is None
        assert await vantage.later(reports[2]) is not None


async def test_first_answers_do_not_wait_for_a_silent_responder() -> None:
    """Fifty checks side by side are answered long before the responder would be given up."""
    async with impatient() as (_, vantage):
        loop = asyncio.get_running_loop()
        began = loop.time()
        reports = await asyncio.gather(*(vantage.check(asking("ocsp-slow")) for _ in range(50)))
        assert all(one.pending for one in reports)
        assert loop.time() - began < LATER_SECONDS / 2


def test_a_revoked_intermediate_is_a_cause_of_its_own_kind() -> None:
    """What the root's list says of the CA is told apart from what is said of the leaf."""
    view = view_of(COMPLETE)
    assert view.path is not None
    leaf, issuing, upper, _root = view.path.certificates
    said = Status("crl", "revoked", url="http://ca.test/root.crl", revoked_at=NOW)
    known = Revocation(above=(Above(issuing, upper, (said,)),))
    [finding] = revoked.find(replace(view, revocation=known))
    assert (finding.code, finding.severity) == (Cause.REVOKED, "critical")
    assert finding.evidence["rule"] == "intermediate"
    assert finding.evidence["name"] == issuing.subject_name
    assert finding.evidence["issuer"] == upper.subject_name
    both = Revocation(asked=(said,), above=known.above)
    found = list(revoked.find(replace(view, revocation=both)))
    assert [one.evidence["rule"] for one in found] == ["leaf", "intermediate"]
    assert found[0].evidence["serial"] == read_certificate(leaf.der).serial


def test_what_is_pending_is_no_finding_and_ends_as_silence() -> None:
    """Nothing is said of a responder that may still answer; given up, it is one that did not."""
    waiting = Revocation(asked=(Status("ocsp", "pending", url="http://ca.test/ocsp"),))
    view = view_of(COMPLETE)
    assert waiting.pending
    assert list(revoked.find(replace(view, revocation=waiting))) == []
    ended = waiting.given_up()
    assert not ended.pending
    [note] = revoked.find(replace(view, revocation=ended))
    assert (note.severity, note.evidence["fault"]) == ("info", "timeout")


def test_one_check_asks_a_bounded_number_of_addresses() -> None:
    """Sixteen addresses with certificates of their own cannot make it a flood."""
    allowance = Allowance(most=2)
    assert [allowance.grants(url) for url in ("a", "b", "a", "c")] == [True, True, True, False]


def test_time_left_counts_from_the_checks_beginning() -> None:
    """A clock that is ahead or behind makes the wait neither negative nor longer."""
    assert time_left(NOW, NOW + timedelta(seconds=3)) == LATER_SECONDS - 3
    assert time_left(NOW, NOW - timedelta(hours=1)) == LATER_SECONDS
