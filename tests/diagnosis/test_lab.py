"""The whole way of a check against every server of the lab: the cause has to be the one it was built with."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.demo.lab import SCENARIOS, Lab, Scenario, open_lab
from bot.demo.lab.pki import make_leaf, make_root
from bot.demo.lab.scenarios.healthy import SCENARIOS as HEALTHY
from bot.diagnosis import examine_chain
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import signed_by
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.resolve import FixedResolver, NameNotResolvedError, Place
from bot.diagnosis.target import parse_target
from bot.vantage import LocalVantage

# Long enough for a busy machine; a server that keeps silent costs all of it.
AT_ONCE = 16
PATIENCE = 4.0
JUDGED = [one for one in SCENARIOS if one.judged]
UNJUDGED = [one for one in SCENARIOS if not one.judged]


class _Nowhere:
    """Knows no name, as a resolver without a network would if it were honest."""

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        raise NameNotResolvedError(host, "nxdomain", "Domain name not found")


@asynccontextmanager
async def vantage_of(lab: Lab) -> AsyncIterator[LocalVantage]:
    """A vantage that knows the lab's names, may connect there, and trusts its root."""
    places: Mapping[str, tuple[Place, ...]] = {
        host: tuple(Place(ip_address(address), port) for address, port in addresses)
        for host, addresses in lab.hosts.items()
    }
    vantage = LocalVantage(
        "lab",
        resolver=FixedResolver(dict(places), _Nowhere()),
        policy=EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
        extra_roots_pem=lab.roots_pem.decode(),
    )
    try:
        yield vantage
    finally:
        await vantage.aclose()


async def reports_of(scenarios: list[Scenario]) -> dict[str, Report]:
    """Each scenario's Report, by its name; they are checked side by side."""
    # The servers share our processor: more at once would wait for each other, not for the network.
    turns = asyncio.Semaphore(AT_ONCE)

    async def check(vantage: LocalVantage, one: Scenario) -> Report:
        async with turns:
            return await vantage.check(Question(target=parse_target(one.host), timeout=PATIENCE))

    async with open_lab(scenarios=scenarios) as lab, vantage_of(lab) as vantage:
        found = await asyncio.gather(*(check(vantage, one) for one in scenarios))
    return dict(zip((one.name for one in scenarios), found, strict=True))


@pytest.mark.parametrize("scenario", JUDGED, ids=[one.name for one in JUDGED])
async def test_the_cause_is_named(scenario: Scenario) -> None:
    """A check names the cause and the verdict that the server was built to have."""
    report = (await reports_of([scenario]))[scenario.name]
    assert (report.verdict, report.cause) == (scenario.verdict, scenario.cause)
    if scenario.proven is not None:
        assert report.fix is not None
        assert report.fix.proven is scenario.proven


@pytest.mark.parametrize("scenario", UNJUDGED, ids=[one.name for one in UNJUDGED])
async def test_a_check_ends_clearly(scenario: Scenario) -> None:
    """Where the lab binds nobody to a cause, a check still ends in a Report within its time."""
    report = (await reports_of([scenario]))[scenario.name]
    assert report.verdict == "ok" or report.cause is not None


async def test_checks_side_by_side_do_not_mix() -> None:
    """Servers checked side by side give the same answers as each one alone."""
    reports = await reports_of(JUDGED)
    got = {name: (one.verdict, one.cause) for name, one in reports.items()}
    assert got == {one.name: (one.verdict, one.cause) for one in JUDGED}


async def test_a_healthy_server_breaks_no_client() -> None:
    """A server with nothing wrong works in every client, and needs no fix."""
    plain = [one for one in HEALTHY if one.name == "healthy"]
    report = (await reports_of(plain))["healthy"]
    assert {one.outcome for one in report.clients} == {"works"}
    assert report.findings == ()
    assert report.fix is None
    assert [one.source for one in report.path or ()] == ["server", "server", "roots"]


def test_a_crowd_of_namesakes_costs_little() -> None:
    """A server that sends 120 CAs of one name and key, each of which issued each, is judged soon."""
    now = datetime.now(UTC)
    root = make_root("Namesake", now=now, key=ec.generate_private_key(ec.SECP521R1()))
    crowd = [make_root("Namesake", now=now, key=root.key) for _ in range(120)]
    leaf = make_leaf(root, "crowd.lab.test", now=now)
    pem = b"".join(one.pem for one in (leaf, *crowd))
    signed_by.cache_clear()
    report = examine_chain(pem, "crowd.lab.test", at=now)
    assert report.cause is Cause.UNTRUSTED_ROOT
    # Signatures tried: without a bound there were thousands, some milliseconds each at worst.
    assert signed_by.cache_info().currsize < 300
