"""Servers that send another chain than clients need."""

from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _missing_intermediate(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host),)),)


SCENARIOS = (
    Scenario(
        name="missing-intermediate",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Sends only its own certificate",
        title_ja="中間CA証明書を送っていない",
        story="After a renewal cert.pem was installed where fullchain.pem belongs.",
        build=_missing_intermediate,
        proven=True,
    ),
)
