"""The differences as they come about: real workers in processes of their own, real servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import certifi
import pytest

from bot.compare import Comparison, DifferenceCode, gather, judge
from bot.demo.lab import Lab
from bot.demo.lab.loopback import DISTINCT_NETWORK, House, bound_beside
from bot.demo.lab.pki import make_intermediate, make_leaf, make_root
from bot.demo.lab.scenarios.elsewhere import OLD_BUNDLE, RENEWED_TODAY
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.question import Question
from bot.diagnosis.roots import membership_of
from bot.diagnosis.target import parse_target
from bot.texts.comparison import phrase_comparison
from tests.compare.conftest import OpenBot, with_bundle
from tests.store.conftest import utc_now
from tests.worker.process import Plan, worker_process

HEALTHY = "healthy.lab.test"


@asynccontextmanager
async def places(*plans: Plan) -> AsyncIterator[None]:
    """Workers, started side by side."""
    async with AsyncExitStack() as stack:
        opened = [worker_process(plan) for plan in plans]
        await asyncio.gather(*(one.__aenter__() for one in opened))
        for one in opened:
            stack.push_async_exit(one)
        yield


async def compared(open_bot: OpenBot, plans: Sequence[Plan], host: str) -> Comparison:
    """The comparison of a host from the office and from these places."""
    question = Question(target=parse_target(host), timeout=5.0)
    async with places(*plans), open_bot() as (service, known):
        seen = [one async for one in gather(service, known, question)]
    return judge(question.target, seen, utc_now())


def said(comparison: Comparison) -> tuple[str, list[str]]:
    """The headline and the lines in English; the Japanese is there, too."""
    japanese = phrase_comparison(comparison, "ja")
    assert 0 < len(japanese.headline) <= 200
    english = phrase_comparison(comparison, "en")
    assert 0 < len(english.headline) <= 200
    return english.headline, [group.line for group in english.groups]


async def test_equal_everywhere(open_bot: OpenBot, plan: Plan) -> None:
    """Three places that see the same are one group, healthy or not."""
    plans = (plan, replace(plan, vantage="prod-osaka"))
    fine = await compared(open_bot, plans, HEALTHY)
    assert (fine.same, fine.verdict, fine.difference) == (True, "ok", None)
    broken = await compared(open_bot, plans, "expired.lab.test")
    assert (broken.same, broken.verdict) == (True, "broken")
    assert [group.vantages for group in broken.groups] == [("office", "prod-osaka", "prod-tokyo")]
    assert "it is the server, not your network" in said(broken)[0]


async def test_split_dns(open_bot: OpenBot, plan: Plan, lab: Lab) -> None:
    """Two sites have other name servers: two places are led to an older server."""
    old = {**plan.names, HEALTHY: lab.address_of("expired")}
    plans = (replace(plan, names=old), replace(plan, vantage="prod-osaka", names=old))
    found = await compared(open_bot, plans, HEALTHY)
    assert found.difference is not None
    difference = found.difference
    assert (difference.code, difference.certain) == (DifferenceCode.OTHER_ADDRESSES, True)
    assert difference.odd == ("prod-osaka", "prod-tokyo")
    assert difference.evidence["odd_addresses"] == [lab.address_of("expired")[0]]
    headline, lines = said(found)
    assert "another server stands there" in headline
    assert lines[0].startswith("prod-osaka and prod-tokyo — ")
    assert lines[-1].startswith("office — healthy")


async def test_an_inner_and_a_public_address(open_bot: OpenBot, plan: Plan) -> None:
    """The name leads to an address of the internet from one site, which the worker may not reach."""
    public = replace(plan, names={**plan.names, HEALTHY: ("9.9.9.9", 443)}, deny=("9.9.9.9/32",))
    found = await compared(open_bot, (public,), HEALTHY)
    assert found.difference is not None
    assert (found.difference.code, found.difference.odd) == (
        DifferenceCode.SPLIT_DNS,
        ("prod-tokyo",),
    )
    assert found.difference.evidence["odd_inside"] is False
    assert [note.code for note in found.footnotes] == [DifferenceCode.EGRESS]
    assert "(public), from office to 127." in said(found)[0]


async def test_a_name_that_is_not_known_there(open_bot: OpenBot, plan: Plan) -> None:
    """Other name servers, which do not have the name."""
    without = {host: place for host, place in plan.names.items() if host != HEALTHY}
    found = await compared(open_bot, (replace(plan, names=without),), HEALTHY)
    assert found.difference is not None
    assert found.difference.code is DifferenceCode.UNKNOWN_NAME
    assert "do not know healthy.lab.test" in said(found)[0]


@pytest.fixture
async def gateway(lab: Lab) -> AsyncIterator[Callable[[str], tuple[str, int]]]:
    """A gateway that opens TLS at the very address of the healthy server."""
    house = House()
    root = make_root("Zscaler Root CA", now=lab.authority.now, organization="Zscaler Inc.")
    issuing = make_intermediate(
        root, "Zscaler Intermediate Root CA", now=lab.authority.now, organization="Zscaler Inc."
    )
    listening = bound_beside(lab.hosts[HEALTHY][0][0])
    leaf = make_leaf(issuing, HEALTHY, now=lab.authority.now)
    await house.listen(listening, TlsServer((leaf, issuing)).visits(house))
    yield lambda _host: listening.getsockname()
    await house.aclose()


async def test_an_inspection_on_the_way(
    open_bot: OpenBot, plan: Plan, gateway: Callable[[str], tuple[str, int]]
) -> None:
    """From one place a gateway shows a certificate of its own."""
    behind = replace(plan, names={**plan.names, HEALTHY: gateway(HEALTHY)})
    found = await compared(open_bot, (behind, replace(plan, vantage="prod-osaka")), HEALTHY)
    assert found.difference is not None
    assert (found.difference.code, found.difference.odd) == (
        DifferenceCode.INTERCEPTION,
        ("prod-tokyo",),
    )
    assert found.difference.evidence["product"] == "Zscaler"
    headline, lines = said(found)
    assert "opened on the way by Zscaler" in headline
    assert lines[-1].startswith("office and prod-osaka — healthy")


@pytest.fixture
def bundle_of_2019() -> str:
    """Of today's public roots, those that were there at the end of 2019."""
    today = read_pem_certificates(Path(certifi.where()).read_bytes())
    known = [(one, membership_of(one.sha256)) for one in today]
    return "".join(one.pem for one, when in known if when is None or when.entered.year <= 2019)


async def test_an_old_bundle(
    open_bot: OpenBot, plan: Plan, lab: Lab, tmp_path: Path, bundle_of_2019: str
) -> None:
    """One machine's CA bundle is of the time before the newer root; the server is not at fault."""
    root = with_bundle(tmp_path / "old", bundle_of_2019 + lab.roots_pem.decode())
    plans = (
        replace(plan, root=str(root), bundles_of="2019-09-11"),
        replace(plan, vantage="prod-osaka"),
    )
    found = await compared(open_bot, plans, OLD_BUNDLE.host)
    assert found.difference is not None
    assert (found.difference.code, found.difference.odd) == (
        DifferenceCode.OLDER_ROOTS,
        ("prod-tokyo",),
    )
    assert found.difference.evidence["root"] == "tlscheck Lab Root CA X2"
    assert found.verdict == "broken"
    reports = [one.report for one in found.places]
    assert all(report is not None and report.verdict == "ok" for report in reports)
    headline, lines = said(found)
    assert "is from about 2019 and lacks tlscheck Lab Root CA X2" in headline
    assert "The server is not at fault" in headline
    assert lines[0].startswith("prod-tokyo — the server is fine, but the CA bundle there lacks")


async def test_a_clock_that_is_behind(open_bot: OpenBot, plan: Plan) -> None:
    """A certificate of today is not valid yet where it is still yesterday."""
    yesterday = replace(plan, behind=26 * 3600.0)
    plans = (yesterday, replace(plan, vantage="prod-osaka"))
    found = await compared(open_bot, plans, RENEWED_TODAY.host)
    assert found.difference is not None
    assert (found.difference.code, found.difference.odd) == (
        DifferenceCode.CLOCK,
        ("prod-tokyo",),
    )
    assert found.difference.evidence["behind"] is True
    assert "is 26 hours behind" in said(found)[0]
    # Where no date is near, it is a footnote.
    beside = await compared(open_bot, plans, HEALTHY)
    assert beside.same
    assert [note.code for note in beside.footnotes] == [DifferenceCode.CLOCK]


async def test_its_own_policy(open_bot: OpenBot, plan: Plan) -> None:
    """A worker that may not connect there says nothing of the network."""
    found = await compared(open_bot, (replace(plan, networks=()),), HEALTHY)
    assert found.difference is not None
    assert found.difference.code is DifferenceCode.EGRESS
    # And nothing against a server that all who reached it found broken.
    broken = await compared(open_bot, (replace(plan, networks=()),), "expired.lab.test")
    assert broken.difference is None
    assert [note.code for note in broken.footnotes] == [DifferenceCode.EGRESS]
    assert "found it broken" in said(broken)[0]


async def test_refused_and_silent(open_bot: OpenBot, plan: Plan, lab: Lab) -> None:
    """A firewall that refuses, and one that drops: by the address, not decided; then by hand."""
    refused = replace(plan, names={**plan.names, HEALTHY: lab.address_of("connection-refused")})
    found = await compared(open_bot, (refused,), HEALTHY)
    assert found.difference is not None
    assert (found.difference.code, found.difference.certain) == (
        DifferenceCode.OTHER_ADDRESSES,
        False,
    )
    assert found.difference.decide_from == "office"


async def test_a_place_that_dies_meanwhile(open_bot: OpenBot, plan: Plan) -> None:
    """Its neighbours are compared, and it is named."""
    question = Question(target=parse_target(HEALTHY), timeout=3.0)
    async with AsyncExitStack() as stack:
        dying = await stack.enter_async_context(worker_process(replace(plan, vantage="prod-osaka")))
        await stack.enter_async_context(worker_process(plan))
        service, known = await stack.enter_async_context(open_bot())
        dying.pause()
        seen = []
        async for one in gather(service, known, question, grace=1.0):
            seen.append(one)
            if len(seen) == 1:
                dying.kill()
    found = judge(question.target, seen, utc_now())
    assert found.same
    assert found.groups[-1].vantages == ("prod-osaka",)
    assert found.groups[-1].failure in ("silent", "nobody")
    assert said(found)[1][0].startswith("office and prod-tokyo — healthy")


@pytest.fixture(autouse=True)
def addresses_of_their_own(lab: Lab) -> None:
    """Where all servers share an address, they cannot be told apart by it."""
    if DISTINCT_NETWORK not in lab.networks:
        pytest.skip("this platform has one loopback address only")
