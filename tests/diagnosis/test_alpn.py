"""Servers that break on ALPN, and what is said of them."""

import pytest

from bot.demo.lab import SCENARIOS, wire
from bot.demo.lab.gate import Gate, Refusal
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import ConnectTo, check
from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Report
from bot.texts import phrase_report
from tests.diagnosis.servers import NOW, authority, running

HOST = "alpn.lab.test"
ALPN = 16


async def checked(server: TlsServer | Gate) -> Report:
    """The Report of one server."""
    async with running(server) as (address, port):
        return await check(
            HOST,
            addresses=[ConnectTo(address=str(address), port=port)],
            roots=authority().root.pem,
            at=NOW,
            allow_networks=["127.0.0.0/8"],
        )


@pytest.mark.parametrize(
    ("name", "how"),
    [("alpn-refused", "alert"), ("alpn-reset", "reset"), ("alpn-unoffered", "answer")],
)
async def test_it_is_told_by_what_the_server_does(name: str, how: str) -> None:
    """An alert, a cut connection, an answer nobody asked for: all come from the extension."""
    ca = authority()
    scenario = next(one for one in SCENARIOS if one.name == name)
    (server,) = scenario.build(ca, HOST)
    assert isinstance(server, TlsServer | Gate)
    report = await checked(server)
    assert (report.verdict, report.cause) == ("broken", Cause.HANDSHAKE_FAILURE)
    assert len(report.findings) == 1
    evidence = report.findings[0].evidence
    assert (evidence["rule"], evidence["how"]) == ("alpn", how)
    told = phrase_report(report, "en")
    assert "ALPN" in told.summary
    assert "-alpn h2,http/1.1" in told.findings[0].detail
    outcomes = {one.client: one.outcome for one in report.clients}
    assert (outcomes["curl"], outcomes["chrome"]) == ("fails", "fails")
    assert (outcomes["openssl"], outcomes["java"]) == ("works", "depends")
    assert told.fix is not None
    assert [one.code for one in told.fix.steps] == ["offer_http1", "prove_alpn"]


async def test_a_refusal_that_does_not_come_back_is_not_alpn() -> None:
    """A server that refuses once, and then takes ALPN, is not accused of breaking on it."""
    ca = authority()
    refused: list[wire.ClientHello] = []

    def judge(hello: wire.ClientHello, _: int) -> Refusal:
        if ALPN in hello.extensions and not refused:
            refused.append(hello)
            return wire.alert(wire.INTERNAL_ERROR)
        return None

    report = await checked(Gate(TlsServer((ca.leaf(HOST), ca.issuing)), judge))
    assert refused
    assert all(one.evidence.get("rule") != "alpn" for one in report.findings)
