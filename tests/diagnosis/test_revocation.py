"""What OCSP responses and CRLs count for: only with the right signature, dates and subject."""

import asyncio
from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from cryptography.x509 import ocsp

from bot.demo.lab import SCENARIOS, open_lab
from bot.demo.lab.authority import AIA_HOST
from bot.demo.lab.pki import Issued
from bot.demo.lab.responder import REVOKED_SERIAL, answer_ocsp, crl, ocsp_address, staple
from bot.diagnosis.certificate import Certificate, read_certificate
from bot.diagnosis.download import Downloader
from bot.diagnosis.effort import bounded_effort
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.resolve import FixedResolver, Place, SystemResolver
from bot.diagnosis.revocation import ocsp_request, places_of, read_crl, read_ocsp
from bot.diagnosis.status import StatusAsker
from tests.diagnosis.servers import NOW, authority

HOST = "revocation.lab.test"
ISSUER = read_certificate(authority().issuing.der)


def _read(issued: Issued) -> Certificate:
    return read_certificate(issued.der)


@pytest.mark.parametrize(
    ("kind", "state", "fault"),
    [
        ("good", "good", None),
        ("revoked", "revoked", None),
        ("unknown", "unknown", None),
        ("delegated", "good", None),
        ("old", "unusable", "out_of_date"),
        ("forged", "unusable", "signature"),
    ],
)
def test_a_response_counts_when_it_is_the_issuers(kind: str, state: str, fault: str | None) -> None:
    """Signed by the issuer or its delegate, in date: nothing else counts."""
    ca = authority()
    leaf = _read(ca.leaf(HOST))
    der = answer_ocsp(ca, kind, ocsp_request(leaf, ISSUER))
    status = read_ocsp(der, leaf, ISSUER, NOW)
    assert (status.state, status.fault) == (state, fault)
    if state == "revoked":
        assert status.revoked_at == NOW - timedelta(hours=1)
        assert status.reason == "keyCompromise"


def test_a_response_about_another_certificate_says_nothing() -> None:
    """A good answer for a sister certificate does not make this one good."""
    ca = authority()
    leaf, sister = _read(ca.leaf(HOST)), _read(ca.leaf(HOST))
    der = answer_ocsp(ca, "good", ocsp_request(sister, ISSUER))
    assert read_ocsp(der, leaf, ISSUER, NOW).fault == "other_certificate"


def test_a_response_of_the_future_is_not_used() -> None:
    """Seen from before its thisUpdate the answer is not valid yet: some clock is wrong."""
    ca = authority()
    leaf = _read(ca.leaf(HOST))
    der = answer_ocsp(ca, "good", ocsp_request(leaf, ISSUER))
    assert read_ocsp(der, leaf, ISSUER, NOW - timedelta(days=2)).fault == "not_yet_valid"


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"<html>", b"\x30\x03\x0a\x01\x06", bytes(500)])
def test_rubbish_is_unusable(der: bytes) -> None:
    """Whatever a responder or a distribution point sends, reading it raises nothing."""
    leaf = _read(authority().leaf(HOST))
    assert read_ocsp(der, leaf, ISSUER, NOW).state == "unusable"
    assert read_crl(der, leaf, ISSUER, NOW).state == "unusable"


def test_every_prefix_and_flipped_byte_is_survived() -> None:
    """A response that was cut off or altered never counts as good, and never raises."""
    ca = authority()
    issued = ca.leaf(HOST)
    leaf = _read(issued)
    der = staple(ca, issued, "good")
    assert ocsp.load_der_ocsp_response(der).response_status.name == "SUCCESSFUL"
    for at in range(len(der)):
        read_ocsp(der[:at], leaf, ISSUER, NOW)
        flipped = der[:at] + bytes((der[at] ^ 0x01,)) + der[at + 1 :]
        read_ocsp(flipped, leaf, ISSUER, NOW)


def test_a_list_names_the_revoked() -> None:
    """The CRL knows the revoked serial number, passes others, and counts only for its issuer."""
    ca = authority()
    revoked, other = _read(ca.leaf(HOST, serial=REVOKED_SERIAL)), _read(ca.leaf(HOST))
    der = crl(ca)
    assert read_crl(der, revoked, ISSUER, NOW).state == "revoked"
    assert read_crl(der, revoked, ISSUER, NOW).reason == "keyCompromise"
    assert read_crl(der, other, ISSUER, NOW).state == "good"
    assert read_crl(der, revoked, _read(ca.unrelated), NOW).fault == "other_issuer"
    assert read_crl(der, revoked, ISSUER, NOW + timedelta(days=30)).fault == "out_of_date"


def test_a_certificate_without_addresses_lacks_nothing() -> None:
    """No OCSP address, no CRL, no must-staple: nothing to ask and nothing to complain of."""
    places = places_of(_read(authority().leaf(HOST)))
    assert (places.ocsp, places.crl, places.must_staple) == ((), (), False)


async def test_a_slow_responder_is_not_waited_for_and_one_that_answers_is_asked_once() -> None:
    """Patience ends in `pending`; an answer that came is kept for the next check."""
    one = [each for each in SCENARIOS if each.name == "healthy"]
    async with open_lab(clock=lambda: NOW, scenarios=one) as lab:
        places = {
            host: tuple(Place(ip_address(a), p) for a, p in found)
            for host, found in lab.hosts.items()
        }
        system = SystemResolver()
        policy = EgressPolicy(tuple(ip_network(each) for each in lab.networks))
        downloader = Downloader(FixedResolver(places, system), policy)
        asker = StatusAsker(downloader)
        loop = asyncio.get_running_loop()
        ca = lab.authority
        issuer = _read(ca.issuing)
        try:
            slow = _read(ca.leaf(HOST, ocsp=[ocsp_address("slow")]))
            began = loop.time()
            known = await asker.ask(slow, issuer, NOW, until=began + 0.2)
            assert known.pending
            assert loop.time() - began < 1.0
            good = _read(ca.leaf(HOST, ocsp=[ocsp_address("good")]))
            for _ in range(2):
                known = await asker.ask(good, issuer, NOW, until=loop.time() + 5)
                assert [each.state for each in known.asked] == ["good"]
            assert lab.aia_requests.count("/ocsp/good") == 1
            assert known.dates or AIA_HOST in places
        finally:
            await asker.aclose()
            await downloader.aclose()
            await system.aclose()


def test_signatures_of_answers_are_counted() -> None:
    """Who has spent a check's effort on a hostile chain has none left for hostile answers."""
    ca = authority()
    leaf = _read(ca.leaf(HOST))
    answer = answer_ocsp(ca, "good", ocsp_request(leaf, ISSUER))
    with bounded_effort(2):
        assert read_ocsp(answer, leaf, ISSUER, NOW).state == "good"
        assert read_crl(crl(ca), leaf, ISSUER, NOW).state == "good"
        assert read_crl(crl(ca), leaf, ISSUER, NOW).fault == "signature"
        assert read_ocsp(answer, leaf, ISSUER, NOW).fault == "signature"
