"""What was seen beside the chain, as lines: read by people, and true when tried by hand."""

import asyncio
import os
from datetime import UTC, datetime

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.diagnosis.question import Question
from bot.diagnosis.report import Endpoint, Report, Target
from bot.diagnosis.target import parse_target
from bot.render.evidence import alias_line, seen_at
from bot.texts.catalogue import LANGS, Lang, catalogue
from tests.demo.lab.clients import needs_openssl
from tests.diagnosis.test_lab import vantage_of

HEALTHY = Report(
    id="0" * 32,
    target=Target(input="shop.example", host="shop.example"),
    checked_at=datetime(2026, 5, 6, tzinfo=UTC),
    duration_ms=1,
    vantage="here",
    verdict="ok",
    cause=None,
    endpoints=(Endpoint(address="192.0.2.1", port=443, reachable=True),),
)
SHOWN = ("healthy", "tls13-only", "two-certificates", "tls10-only")


def with_endpoint(**facts: object) -> tuple[Report, Endpoint]:
    """A healthy Report, and its endpoint with these facts."""
    endpoint = Endpoint.model_validate({**HEALTHY.endpoints[0].model_dump(), **facts})
    return HEALTHY.model_copy(update={"endpoints": (endpoint,)}), endpoint


def test_an_alias_is_one_line() -> None:
    """The way through DNS, from the name that was asked for."""
    assert alias_line(HEALTHY) is None
    report = HEALTHY.model_copy(update={"aliases": ("edge.example.net", "d1.cdn.example")})
    assert alias_line(report) == f"{report.target.host} → edge.example.net → d1.cdn.example"


def test_a_hostile_alias_is_made_visible() -> None:
    """What a name server sends is text from outside."""
    report = HEALTHY.model_copy(update={"aliases": ("a\u202eb\x1b[2J",)})
    line = alias_line(report)
    assert line is not None
    assert line.isprintable()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("oldest", "words"), [("TLSv1", "TLS 1.0"), ("TLSv1.3", "TLS 1.3"), (None, None), ("odd", None)]
)
def test_the_range_of_versions_is_told(lang: Lang, oldest: str | None, words: str | None) -> None:
    """The oldest and the newest version, where both are known."""
    report, endpoint = with_endpoint(
        tls_oldest=oldest, tls_version="TLSv1.3", other_certificate=None
    )
    found = seen_at(report, endpoint, catalogue(lang))
    assert bool(found) is (words is not None)
    assert all(words is not None and words in one.text for one in found)


@needs_openssl
async def test_the_commands_show_what_is_said() -> None:
    """openssl, run as the line says, gets the certificate or the refusal that it tells of."""
    scenarios = [one for one in SCENARIOS if one.name in SHOWN]
    async with open_lab(scenarios=scenarios) as lab, vantage_of(lab) as vantage:
        for scenario in scenarios:
            report = await vantage.check(Question(target=parse_target(scenario.host)))
            (endpoint,) = report.endpoints
            found = seen_at(report, endpoint, catalogue("en"))
            assert len(found) == 2
            for one in found:
                assert one.command is not None
                output = await run(one.command)
                refused = "refused" in one.text or "not seen" in one.text
                assert ("BEGIN CERTIFICATE" in output) is not refused, output


async def run(command: str) -> str:
    """What a shell prints for this line, with the distribution's own minimum versions left out."""
    process = await asyncio.create_subprocess_shell(
        command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "OPENSSL_CONF": os.devnull},
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    return output.decode(errors="replace")
