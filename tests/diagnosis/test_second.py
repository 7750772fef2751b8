"""A server with an ECDSA and an RSA certificate: who is given which, and what is said of it."""

from datetime import datetime, timedelta

import pytest
from OpenSSL import SSL

from bot.demo.lab.pki import Issued
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import ConnectTo, check
from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Outcome, Report
from bot.texts import phrase_report
from tests.diagnosis.servers import NOW, authority, running

HOST = "second.lab.test"


async def checked(server: TlsServer, at: datetime = NOW) -> Report:
    """The Report of one server."""
    async with running(server) as (address, port):
        return await check(
            HOST,
            addresses=[ConnectTo(address=str(address), port=port)],
            roots=authority().root.pem,
            at=at,
            allow_networks=["127.0.0.0/8"],
        )


def rsa_leaf(*, ended: bool = False) -> Issued:
    """An RSA certificate for the host, of three months."""
    ca = authority()
    start = NOW - timedelta(days=91 if ended else 1)
    return ca.leaf(HOST, key=ca.rsa_key, not_before=start, not_after=start + timedelta(days=90))


def outcome(report: Report, client: str) -> Outcome:
    """What this client does."""
    return next(one.outcome for one in report.clients if one.client == client)


async def test_a_broken_rsa_certificate_is_found_behind_a_good_one() -> None:
    """Those that name RSA first fail, all others work, and the answer says which it is."""
    ca = authority()
    report = await checked(TlsServer((ca.leaf(HOST), ca.issuing), also=rsa_leaf(ended=True)))
    assert (report.verdict, report.cause) == ("broken", Cause.EXPIRED)
    evidence = report.findings[0].evidence
    assert (evidence["certificate"], evidence["given_to"]) == ("RSA", "rsa_first")
    assert [outcome(report, one) for one in ("go", "gnutls", "openssl-1.0.2")] == ["fails"] * 3
    assert [outcome(report, one) for one in ("curl", "chrome", "java")] == ["works"] * 3
    assert outcome(report, "windows") == "depends"
    told = phrase_report(report, "en")
    assert "RSA one" in told.summary
    assert "-cipher aRSA" in told.findings[0].detail
    assert report.fix is not None
    commands = [one.command for one in report.fix.steps if one.command]
    assert any("-tls1_2 -cipher aRSA" in one for one in commands)


async def test_nobody_of_today_is_given_it_where_the_server_chooses() -> None:
    """A server that prefers ECDSA by itself hands the broken one to very old clients only."""
    ca = authority()
    server = TlsServer((ca.leaf(HOST), ca.issuing), also=rsa_leaf(ended=True), own_order=True)
    report = await checked(server)
    assert (report.verdict, report.cause) == ("warning", Cause.EXPIRED)
    assert {one.outcome for one in report.clients} == {"works"}
    assert "only clients without ECDSA" in phrase_report(report, "en").summary


async def test_a_good_rsa_certificate_behind_a_broken_one_is_told() -> None:
    """The ECDSA certificate has expired: who names RSA first still works, and that is said."""
    ca = authority()
    old = ca.leaf(HOST, not_before=NOW - timedelta(days=91), not_after=NOW - timedelta(days=1))
    report = await checked(TlsServer((old, ca.issuing), also=rsa_leaf()))
    assert (report.verdict, report.cause) == ("broken", Cause.EXPIRED)
    assert report.findings[0].evidence["other_certificate"] == "good"
    assert (outcome(report, "curl"), outcome(report, "go")) == ("fails", "works")
    assert "RSA certificate, which is good" in phrase_report(report, "en").findings[0].detail


async def test_the_missing_issuer_of_the_second_chain_is_proven_by_itself() -> None:
    """The chain to install is the one of the certificate that is at fault."""
    ca = authority()
    moved = ca.leaf_from(ca.unrelated, HOST, key=ca.rsa_key)
    server = TlsServer((ca.leaf(HOST), ca.issuing), also=moved)
    report = await checked(server)
    assert report.cause is Cause.MISSING_INTERMEDIATE
    # No AIA server runs here, so no chain can be proven; the good one is not offered in its place.
    assert report.fix is not None
    assert report.fix.fullchain_pem is None


async def test_two_good_certificates_are_no_finding() -> None:
    """Nothing is said of a second certificate that is as good as the first."""
    ca = authority()
    report = await checked(TlsServer((ca.leaf(HOST), ca.issuing), also=rsa_leaf()))
    assert (report.verdict, report.findings) == ("ok", ())
    endpoint = report.endpoints[0]
    assert endpoint.other_certificate == "other"
    assert endpoint.other_chain[0].sha256 == rsa_digest(report)


def rsa_digest(report: Report) -> str:
    """The fingerprint of what is shown as the other leaf; never that of the first one."""
    endpoint = report.endpoints[0]
    assert endpoint.other_chain[0].sha256 != endpoint.chain[0].sha256
    return endpoint.other_chain[0].sha256


async def test_both_expired_is_one_finding() -> None:
    """What both certificates suffer from is said once, and breaks everybody."""
    ca = authority()
    old = ca.leaf(HOST, not_before=NOW - timedelta(days=91), not_after=NOW - timedelta(days=1))
    report = await checked(TlsServer((old, ca.issuing), also=rsa_leaf(ended=True)))
    assert [one.code for one in report.findings] == [Cause.EXPIRED]
    assert {one.outcome for one in report.clients} == {"fails"}


@pytest.mark.parametrize(
    ("lowest", "highest", "key", "said"),
    [
        (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION, "ecdsa", "none"),
        (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION, "rsa", "same"),
        (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION, "ecdsa", "hidden"),
    ],
)
async def test_one_certificate_is_known_as_such(
    lowest: int, highest: int, key: str, said: str
) -> None:
    """Refused, the same, or not to be asked: each is told apart."""
    ca = authority()
    leaf = rsa_leaf() if key == "rsa" else ca.leaf(HOST)
    report = await checked(TlsServer((leaf, ca.issuing), lowest=lowest, highest=highest))
    assert report.verdict == "ok"
    assert report.endpoints[0].other_certificate == said
    assert report.endpoints[0].other_chain == ()
