"""What the bot says that a client will do is what the client does, in the words that it prints.

Every server of the lab is met by every client that is installed here.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, Scenario, open_lab
from bot.demo.lab.authority import AIA_HOST
from bot.diagnosis.clients import CLIENTS as TABLE
from bot.diagnosis.question import Question
from bot.diagnosis.report import ClientPrediction, Report
from bot.diagnosis.target import parse_target
from bot.vantage import LocalVantage
from tests.diagnosis.test_lab import vantage_of
from tests.realclients.clients import ENDED, Seen, Server
from tests.realclients.report import PROPERTY, Judgement, Row, reached, shares, sums
from tests.realclients.roster import ROSTER, Entry
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
        "state=error: legacy sigalg disallowed or unsupported",
        "state=error: tlsv1 alert protocol version",
    ),
    # Which of the two wget says is a race: the alert comes once the handshake has been finished.
    (
        "A TLS fatal alert has been received.) in headers",
        "The specified session has been invalidated for some reason.) in headers",
    ),
    # Chromium shows names that do not resolve and interstitials under names of their own.
    ("net::ERR_NAME_NOT_RESOLVED", "DNS_PROBE_FINISHED_NXDOMAIN"),
    ("net::ERR_CERT", "NET::ERR_CERT"),
    (
        "0A00014D:SSL routines:tls_process_key_exchange:legacy sigalg disallowed or unsupported",
        "0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version",
    ),
)
# Where a program does otherwise than is said of its family, and why nothing better is said.
NOT_PREDICTED = {
    ("gnutls-cli", "for-clients-only"): "gnutls-cli asks for the purpose; wget and git do not",
    ("gnutls-cli", "certificate-for-clients"): "as for-clients-only",
    **dict.fromkeys(
        [("java-aia", "expired-and-incomplete"), ("java-aia", "mismatch-expired-incomplete")],
        "it fetches while it builds, and then says only that it found no path",
    ),
    **dict.fromkeys(
        [
            ("firefox", "expired-and-incomplete"),
            ("firefox", "mismatch-and-incomplete"),
            ("firefox", "mismatch-expired-incomplete"),
        ],
        "the lab's CA is not among those preloaded, and the missing issuer is named first",
    ),
    **dict.fromkeys(
        [("firefox", "plaintext-smtp"), ("firefox", "plaintext-ssh")],
        "whether it sees the short banner or the end of the connection first is a race",
    ),
    ("firefox", "revoked-crl"): "CRLite covers public CAs, and the lab's is none",
    **{
        (
            "chromium",
            f"client-certificate-required-{version}",
        ): "automated, it goes back to a socket that the server has closed"
        for version in ("tls12", "tls13")
    },
}
# Of one client; what all together have to reach is in `report`, and ends the run.
LEAST_OUTCOMES = 0.97
LEAST_WORDS = 0.90
# It leads where nothing may be opened to.
NOT_MET = ("resolves-to-private",)


def plain(text: str) -> str:
    """The text in the words of the prediction."""
    for newer, ours in SAME_WORDS:
        text = text.replace(newer, ours)
    return re.sub("current time [^ ]* is", "current time NOW is", text)


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
    # The servers share our processor: more at once would wait for each other, not for the network.
    turns = asyncio.Semaphore(16)

    async def check(vantage: LocalVantage, one: Scenario) -> Report:
        async with turns:
            return await vantage.check(Question(target=parse_target(one.host), timeout=8))

    async with vantage_of(lab) as vantage:
        found = await asyncio.gather(*(check(vantage, one) for one in scenarios))
    return dict(zip((one.name for one in scenarios), found, strict=True))


def judge(entry: Entry, predicted: ClientPrediction, seen: Seen) -> tuple[Judgement, str]:
    """How what the program did stands to what was said, and what is to be said of it."""
    if predicted.outcome == "depends":
        return "depends", ""
    tail = " ".join(seen.text.split())[-300:]
    if seen.works != (predicted.outcome == "works"):
        return "other outcome", f"should be {predicted.outcome} ({predicted.reason_code}): {tail}"
    line = predicted.error
    if entry.dialect is not None:
        others = predicted.values.get("lines")
        line = (
            str(others[entry.dialect])
            if isinstance(others, dict) and entry.dialect in others
            else None
        )
    if line is None or seen.text == ENDED or plain(line) in plain(seen.text):
        return "same", ""
    return "other words", f"should say {line!r}: {tail}"


@pytest.mark.parametrize("entry", ROSTER, ids=[one.name for one in ROSTER])
async def test_the_client_does_what_was_said(
    entry: Entry, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Outcome and line of this client are those predicted, for every server of the lab."""
    if missing := entry.missing():
        record_property(PROPERTY, [(entry.name, "", "missing", missing)])
        pytest.skip(missing)
    scenarios = [*(one for one in SCENARIOS if one.name not in NOT_MET), *COMBINED]
    async with open_lab(scenarios=scenarios) as lab:
        servers = servers_of(lab, scenarios)
        aia = Server("aia", AIA_HOST, *lab.hosts[AIA_HOST][0])
        # One after the other: on a busy machine the bot's own patience would be the difference.
        reports = await reports_of(lab, scenarios)
        seen = await entry.ask(aia)(servers, lab.roots_pem, tmp_path)
    rows: list[Row] = []
    for name, report in reports.items():
        predicted = next(one for one in report.clients if one.client == entry.predicted)
        judgement, remark = judge(entry, predicted, seen[name])
        reason = NOT_PREDICTED.get((entry.name, name))
        rows.append((entry.name, name, judgement, f"{reason} ({remark})" if reason else remark))
    record_property(PROPERTY, rows)
    # Known ones are in the report, too.
    outcomes, words = shares(Counter(judgement for _, _, judgement, _ in rows))
    unexplained = [
        f"{name} {judgement}: {remark}"
        for _, name, judgement, remark in rows
        if judgement in ("other words", "other outcome") and (entry.name, name) not in NOT_PREDICTED
    ]
    assert not unexplained, "\n".join(unexplained)
    assert outcomes >= LEAST_OUTCOMES
    assert words >= LEAST_WORDS


def test_every_client_that_can_be_run_is_in_the_table() -> None:
    """Who is run here is predicted by the bot."""
    assert {one.predicted for one in ROSTER} <= {one.code for one in TABLE}


def test_all_together_are_held_to_the_goal() -> None:
    """98 outcomes and 90 lines of a hundred; a missing client counts for neither side."""
    good = [("curl", str(number), "same", "") for number in range(98)]
    bad = [("curl", "x", "other outcome", ""), ("curl", "y", "other outcome", "")]
    missing = [("go", "", "missing", "go is not installed")] * 50
    assert reached([*good, *bad, *missing])
    assert not reached([*good, *bad, ("curl", "z", "other outcome", "")])
    assert not reached([*good[:80], *(("curl", "w", "other words", ""),) * 20])
    assert reached(missing)
    assert sums(missing).total() == 0
