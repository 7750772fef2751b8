"""Further connections: what they bring to the evidence of a broken server."""

from bot.demo.lab.tls import TlsServer
from bot.diagnosis import ConnectTo, check
from bot.diagnosis.causes import Cause
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
