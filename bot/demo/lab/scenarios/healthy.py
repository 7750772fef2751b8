"""Servers with which nothing is wrong."""

from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.tls import TlsServer


def _healthy(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing)),)


SCENARIOS = (
    Scenario(
        name="healthy",
        cause=None,
        verdict="ok",
        title="Everything is right",
        title_ja="正常なサーバー",
        story="The server as it should be: its certificate and the intermediate, renewed in time.",
        build=_healthy,
    ),
)
