"""What software answers: asked over the connection of the handshake, in HTTP/1.1 and in HTTP/2."""

import pytest

from bot.diagnosis.causes import Cause
from tests.realservers import Listening, apache, nginx
from tests.realservers.test_remedies import Case, a_case, report_of


async def software_at(server: Listening, case: Case) -> tuple[str | None, str | None, str | None]:
    """The cause, the protocol that was negotiated, and the software that was found."""
    report = await report_of(server, case, None)
    assert report.cause is Cause.MISSING_INTERMEDIATE
    software = report.software.code if report.software is not None else None
    sign = str(report.software.evidence["sign"]) if report.software is not None else None
    return report.endpoints[0].alpn, software, sign


@pytest.mark.parametrize("http2", [False, True])
async def test_nginx(http2: bool) -> None:
    """Both protocols bring its Server header, though the chain is broken."""
    async with (
        a_case() as case,
        nginx(case.leaf.pem, case.leaf.key_pem, http2=http2) as server,
    ):
        alpn = "h2" if http2 else "http/1.1"
        assert await software_at(server, case) == (alpn, "nginx", "server")


async def test_apache() -> None:
    """A server that answers in HTTP/1.1 only."""
    async with a_case() as case, apache(case.leaf.pem, case.leaf.key_pem) as server:
        assert (await software_at(server, case))[1:] == ("apache", "server")
