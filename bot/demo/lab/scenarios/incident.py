"""The server of an incident that is lived through from the alert to its end."""

from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.switch import Switch
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _shop(ca: Authority, host: str) -> tuple[Switch]:
    leaf, renewed = ca.leaf(host), ca.leaf(host)
    return (
        Switch(
            {
                "broken": TlsServer((leaf,)),
                "mended": TlsServer((leaf, ca.issuing)),
                "renewed": TlsServer((renewed, ca.issuing)),
            }
        ),
    )


SCENARIOS = (
    Scenario(
        name="incident",
        label="shop",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Sends only its own certificate, until somebody mends it",
        title_ja="中間CA証明書を送っていない（途中で直せる）",
        story="A shop whose certificate was renewed an hour ago; its owner can be reached.",
        build=_shop,
        proven=True,
    ),
)
