"""Further connections: what they bring to the evidence of a broken server."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from OpenSSL import SSL

from bot.demo.lab.pki import make_root
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import ConnectTo, check
from bot.diagnosis.causes import Cause
from bot.diagnosis.distinguished import text_of
from bot.diagnosis.report import Report
from bot.texts import phrase_report
from tests.diagnosis.servers import NOW, authority, running

HOST = "inquire.lab.test"


async def checked(server: TlsServer, host: str = HOST) -> Report:
    """The Report of one server, judged as of the day on which its certificates were made."""
    async with running(server) as (address, port):
        return await check(
            host,
            addresses=[ConnectTo(address=str(address), port=port)],
            roots=authority().root.pem,
            at=NOW,
            allow_networks=["127.0.0.0/8"],
        )


async def test_a_default_certificate_is_known_as_such() -> None:
    """A certificate that any name gets is the server's default, not a wrong choice."""
    ca = authority()
    report = await checked(TlsServer((ca.leaf("other.lab.test"), ca.issuing)))
    assert report.cause is Cause.HOSTNAME_MISMATCH
    assert report.findings[0].evidence["default"] is True
    assert "default" in phrase_report(report, "en").findings[0].detail


async def test_the_cas_of_mutual_tls_are_told() -> None:
    """Who is asked for a client certificate reads from which CA."""
    ca = authority()
    server = TlsServer(
        (ca.leaf(HOST), ca.issuing), client_certificate="required", client_ca=ca.private_root
    )
    report = await checked(server)
    assert report.cause is Cause.CLIENT_CERTIFICATE_REQUIRED
    assert "Example Corp Internal Root" in phrase_report(report, "en").findings[0].detail


COMPANIES = (
    "Example Corp Internal Root",
    "株式会社サンプル 社内認証局",
    "Müller & Söhne Zertifizierungsstelle",
    *(f"Branch {number} CA" for number in range(30)),
)


@pytest.mark.parametrize("highest", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["1.2", "1.3"])
async def test_many_cas_of_mutual_tls_are_told_in_their_own_letters(highest: int) -> None:
    """The names come in both versions, whole and in order, the first of them and their number."""
    ca = authority()
    key = ca.private_root.key
    cas = tuple(make_root(one, now=NOW, key=key) for one in COMPANIES)
    server = TlsServer(
        (ca.leaf(HOST), ca.issuing),
        highest=highest,
        client_certificate="required",
        client_cas=cas,
    )
    report = await checked(server)
    assert report.cause is Cause.CLIENT_CERTIFICATE_REQUIRED
    evidence = report.findings[0].evidence
    accepted = evidence["accepted_cas"]
    assert isinstance(accepted, list)
    assert len(accepted) == 20
    assert evidence["accepted_in_all"] == len(COMPANIES)
    assert all(name in str(one) for name, one in zip(COMPANIES, accepted, strict=False))
    assert "株式会社サンプル 社内認証局" in phrase_report(report, "ja").findings[0].detail


@pytest.mark.parametrize(
    ("tag", "encoding", "text"),
    [
        (0x0C, "utf-8", "株式会社サンプル"),
        (0x13, "ascii", "Example Corp"),
        (0x1E, "utf-16-be", "サンプル認証局"),
        (0x1C, "utf-32-be", "サンプル認証局"),
        (0x14, "latin-1", "Müller"),
    ],
)
def test_every_encoding_of_a_name_is_read(tag: int, encoding: str, text: str) -> None:
    """Names of CAs are in whatever string type was usual when they were made."""
    value = text.encode(encoding)
    pair = b"\x06\x03\x55\x04\x0a" + bytes((tag, len(value))) + value
    attribute = bytes((0x30, len(pair))) + pair
    several = bytes((0x31, len(attribute))) + attribute
    assert text_of(bytes((0x30, len(several))) + several) == f"O={text}"


@given(st.binary(max_size=200))
@example(b"\x30\x84\xff\xff\xff\xff")
@example(b"\x30\x80\x31\x00")
def test_no_bytes_break_the_reading_of_a_name(der: bytes) -> None:
    """What a server sends for a name is a text, whatever it is."""
    assert isinstance(text_of(der), str)
