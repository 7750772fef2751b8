"""Chains of every kind: what must be refused is never called good, what must pass never broken."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.lab.pki import chain_pem
from bot.diagnosis import examine_chain
from bot.diagnosis.certificate import MalformedCertificateError, read_certificate
from bot.diagnosis.path import best_path
from bot.diagnosis.report import Report
from bot.diagnosis.trust import TrustStore
from bot.diagnosis.webpki import web_pki_error
from tests.diagnosis.webpki_cases import CHAINS, HOST, Chain


def report_of(chain: Chain) -> Report:
    """The Report of a chain, as `tlscheck chain --host --roots --at` gives it."""
    return examine_chain(
        chain_pem(*chain.sent), chain.host, roots=chain_pem(*chain.roots), at=chain.at
    )


@pytest.mark.parametrize("which", CHAINS)
def test_a_chain_is_judged_as_it_must_be(which: str) -> None:
    """A chain to refuse is not ok, one to accept is not broken, a plain one is ok."""
    chain = CHAINS[which]
    started = time.monotonic()
    report = report_of(chain)
    seen = (report.verdict, [(one.code.value, one.severity) for one in report.findings])
    match chain.expected:
        case "ok":
            assert report.verdict == "ok", seen
        case "accept":
            assert report.verdict in ("ok", "warning"), seen
        case "refuse":
            assert report.verdict != "ok", seen
    assert time.monotonic() - started < 2


def test_there_are_enough_kinds() -> None:
    """The table holds more than sixty kinds, of each expectation some."""
    assert len(CHAINS) >= 60
    assert {one.expected for one in CHAINS.values()} == {"ok", "accept", "refuse"}


POOL = [one for chain in CHAINS.values() for one in chain.sent]
GOOD = [chain for chain in CHAINS.values() if chain.expected == "ok"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chain=st.sampled_from(GOOD), seed=st.integers(0, 2**32))
def test_ok_means_that_both_verifiers_accept(chain: Chain, seed: int) -> None:
    """However a chain is mixed with others, `ok` is said only of what both verifiers accept."""
    chosen = random.Random(seed)
    sent = [*chain.sent, *chosen.sample(POOL, chosen.randrange(3))]
    if chosen.random() < 0.5:
        rest = sent[1:]
        chosen.shuffle(rest)
        sent = [sent[0], *rest]
    if chosen.random() < 0.3:
        sent.pop(chosen.randrange(len(sent)))
    host = chosen.choice([chain.host, chain.host, HOST, "other.test"])
    if not sent:
        return
    roots = chosen.choice([chain, *GOOD]).roots
    report = report_of(Chain(tuple(sent), roots, "ok", host, chain.at))
    if report.verdict != "ok":
        return
    read = [read_certificate(one.der) for one in sent]
    trust = TrustStore([read_certificate(one.der) for one in roots])
    path = best_path(read[0], read[1:], (), trust, chain.at)
    assert path is not None
    assert trust.verify(read, chain.at).ok
    assert web_pki_error(path.certificates, host, chain.at) is None


def test_der_that_is_no_certificate_is_one_clear_error() -> None:
    """What cannot be read as a certificate is said to be that."""
    with pytest.raises(MalformedCertificateError, match="asn1"):
        examine_chain(
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", HOST, roots=None
        )
