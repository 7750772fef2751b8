"""Every scenario, by the stage at which it breaks: one small entry each."""

from bot.demo.lab.scenario import Scenario
from bot.demo.lab.scenarios import (
    across,
    certificate,
    chain,
    handshake,
    healthy,
    incident,
    reaching,
    revocation,
    two_certificates,
    verification,
)

SCENARIOS: tuple[Scenario, ...] = (
    *chain.SCENARIOS,
    *certificate.SCENARIOS,
    *verification.SCENARIOS,
    *revocation.SCENARIOS,
    *two_certificates.SCENARIOS,
    *across.SCENARIOS,
    *handshake.SCENARIOS,
    *reaching.SCENARIOS,
    *healthy.SCENARIOS,
    *incident.SCENARIOS,
)
"""In the order in which a person may want to try them."""
