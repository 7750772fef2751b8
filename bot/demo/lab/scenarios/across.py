"""Names with several addresses that do not agree."""

from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Refused, Scenario
from bot.demo.lab.scenarios.certificate import expired_leaf
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _backends_differ(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    renewed = TlsServer((ca.leaf(host), ca.issuing))
    return (renewed, renewed, TlsServer((expired_leaf(ca, host), ca.issuing)))


def _one_backend_down(ca: Authority, host: str) -> tuple[TlsServer | Refused, ...]:
    renewed = TlsServer((ca.leaf(host), ca.issuing))
    return (renewed, renewed, Refused())


SCENARIOS = (
    Scenario(
        name="backends-differ",
        cause=Cause.BACKENDS_DIFFER,
        verdict="broken",
        title="One of three addresses still has the expired certificate",
        title_ja="3台のうち1台だけ期限切れの証明書のまま",
        story="The renewal reached two of three machines: every third request fails.",
        build=_backends_differ,
    ),
    Scenario(
        name="one-backend-down",
        cause=Cause.BACKENDS_DIFFER,
        verdict="warning",
        title="One of three addresses is down",
        title_ja="3台のうち1台に接続できない",
        story="A machine was taken away and its address is still in DNS.",
        build=_one_backend_down,
    ),
)
