"""What the bot says that a client will do is what the client does, in the words that it prints.

Every server of the lab is met by every client that is installed here.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, Scenario, open_lab
from bot.diagnosis.clients import CLIENTS as TABLE
from bot.diagnosis.question import Question
from bot.diagnosis.report import ClientPrediction, Report
from bot.diagnosis.target import parse_target
from tests.diagnosis.test_lab import vantage_of
from tests.realclients.clients import CLIENTS, Seen, Server, why_missing
from tests.realclients.servers import COMBINED

# What newer releases write in other words. The prediction has the words of the releases that most
# servers run (OpenSSL 3.0, curl 7.88); each line says who writes otherwise.
SAME_WORDS = (
    # OpenSSL 3.2 and later name alerts 40 to 51 for TLS and not for SSL 3.
    ("ssl/tls alert", "sslv3 alert"),
    ("SSL/TLS_ALERT", "SSLV3_ALERT"),
    # OpenSSL 4.0 adds a hint at the clock.
    (" or the system clock is incorrect", ""),
    # OpenSSL 1.1 and before wrote codes 18 and 19 without a hyphen.
    ("self signed certificate", "self-signed certificate"),
    # curl 8.10 and later say "hostname" in place of "host name".
    ("target hostname", "target host name"),
    # Where OpenSSL is configured to offer TLS 1.0 (Debian 12), its level of security refuses what
    # the server signs with; elsewhere the server refuses the offer. The fault is the same.
    (
        "0A00014D:SSL routines::legacy sigalg disallowed or unsupported",
        "0A00042E:SSL routines::tlsv1 alert protocol version",
    ),
    (
        "0A00014D:SSL routines:tls_process_key_exchange:legacy sigalg disallowed or unsupported",
        "0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version",
    ),
)
# Where the client does otherwise than is said, and why nothing better is said yet.
NOT_PREDICTED = {
    # More than 32 KB of certificates (jdk.tls.maxHandshakeMessageSize) or more than ten of them
    # (jdk.tls.maxCertificateChainLength) end the handshake in Java; no finding names that yet.
    ("java", "many-certificates"),
}
# A client without a bound of its own for the whole, ended by us: it says nothing.
ENDED = "no answer in time"
# It leads where nothing may be opened to.
NOT_MET = ("resolves-to-private",)


def plain(text: str) -> str:
    """The text in the words of the prediction."""
    for newer, ours in SAME_WORDS:
        text = text.replace(newer, ours)
    return text


def servers_of(lab: Lab, scenarios: list[Scenario]) -> list[Server]:
    """Where each scenario's first server is met."""
    found = []
    for one in scenarios:
        if addresses := lab.hosts.get(one.host):
            found.append(Server(one.name, one.host, *addresses[0]))
        else:
            found.append(Server(one.name, one.host))
    return found


async def reports_of(lab: Lab, scenarios: list[Scenario]) -> Mapping[str, Report]:
    """What the bot says of each."""
    async with vantage_of(lab) as vantage:
        questions = [Question(target=parse_target(one.host), timeout=4) for one in scenarios]
        found = await asyncio.gather(*(vantage.check(one) for one in questions))
    return dict(zip((one.name for one in scenarios), found, strict=True))


def disagreement(predicted: ClientPrediction, seen: Seen) -> str | None:
    """What the client does otherwise than was said; None when it does the same."""
    if predicted.outcome == "depends":
        return None
    if seen.works != (predicted.outcome == "works"):
        return f"should {predicted.outcome}: {seen.text[-600:]}"
    if predicted.error is None or seen.text == ENDED or plain(predicted.error) in plain(seen.text):
        return None
    return f"should say {predicted.error!r}: {seen.text[-600:]}"


@pytest.mark.parametrize("client", CLIENTS)
async def test_the_client_does_what_was_said(
    client: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Outcome and line of this client are those predicted, for every server of the lab."""
    ask, version = CLIENTS[client]
    if missing := why_missing(*version):
        pytest.skip(missing)
    scenarios = [*(one for one in SCENARIOS if one.name not in NOT_MET), *COMBINED]
    async with open_lab(scenarios=scenarios) as lab:
        servers = servers_of(lab, scenarios)
        reports, seen = await asyncio.gather(
            reports_of(lab, scenarios), ask(servers, lab.roots_pem, tmp_path)
        )
    wrong = {}
    for name, report in reports.items():
        predicted = next(one for one in report.clients if one.client == client)
        if (client, name) in NOT_PREDICTED:
            continue
        if (said := disagreement(predicted, seen[name])) is not None:
            wrong[name] = said
    unknown = sum(who == client for who, _ in NOT_PREDICTED)
    agreed = len(reports) - len(wrong) - unknown
    record_property("agreement", f"{client}: {agreed} of {len(reports)} servers as predicted")
    assert not wrong, "\n".join(f"{name} {said}" for name, said in wrong.items())


def test_every_client_that_can_be_run_is_in_the_table() -> None:
    """Who is run here is predicted by the bot."""
    assert set(CLIENTS) <= {one.code for one in TABLE}
