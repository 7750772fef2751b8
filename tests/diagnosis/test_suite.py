"""Chains as a public suite shapes them: what must fail is never ok, what must pass never broken."""

import random
import time
from base64 import encodebytes

import pytest

from bot.diagnosis import examine_chain
from bot.diagnosis.certificate import MalformedCertificateError
from tests.diagnosis.suite_cases import CASES, Case, Made, graph


def pem(*certificates: Made) -> bytes:
    """The certificates as a file."""
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + encodebytes(one.der) + b"-----END CERTIFICATE-----\n"
        for one in certificates
    )


def verdict_of(case: Case, sent: tuple[Made, ...]) -> tuple[str, object]:
    """What `tlscheck chain --host --roots --at` says; a file that cannot be read is refused."""
    try:
        report = examine_chain(pem(*sent), case.host, roots=pem(*case.roots), at=case.at)
    except (MalformedCertificateError, ValueError) as error:
        return "unreadable", str(error)
    return report.verdict, [(one.code.value, one.severity) for one in report.findings]


@pytest.mark.parametrize("which", CASES)
@pytest.mark.parametrize("order", ["as listed", "leaf first, the rest shuffled"])
def test_a_chain_is_judged_as_the_profiles_demand(which: str, order: str) -> None:
    """Neither kind of mistake is made, whatever the order of what comes after the leaf."""
    case = CASES[which]
    sent = list(case.sent[1:])
    if order != "as listed":
        random.Random(which).shuffle(sent)
    started = time.monotonic()
    verdict, seen = verdict_of(case, (case.sent[0], *sent))
    match case.expected:
        case "accept":
            assert verdict in ("ok", "warning"), seen
        case "refuse":
            assert verdict != "ok", seen
        case "both":
            assert verdict == "warning", seen
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("good", [True, False], ids=["one good way", "no good way"])
@pytest.mark.parametrize("seed", range(60))
def test_a_way_through_a_graph_is_found_or_there_is_none(seed: int, good: bool) -> None:
    """Among flawed certificates of the same CAs the good one counts, wherever it stands."""
    case = graph(seed, good=good)
    verdict, seen = verdict_of(case, case.sent)
    if good:
        assert verdict in ("ok", "warning"), seen
    else:
        assert verdict == "broken", seen
